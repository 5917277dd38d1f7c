import { LitElement, type PropertyValues } from 'lit';
import type { Session } from '../model/session.js';

/** An element without shadow root: the page's style sheet and its labels reach inside. */
export class LightElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** A view that draws itself again when the session changes. */
export class SessionElement extends LightElement {
  static override properties = { session: { attribute: false } };
  declare session: Session;

  readonly #follow = () => this.requestUpdate();

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('session')) return;
    (changed.get('session') as Session | undefined)?.removeEventListener('change', this.#follow);
    this.session?.addEventListener('change', this.#follow);
  }
}
