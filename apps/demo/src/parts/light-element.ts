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

  /** A view behind another tab stands still: the camera would keep it busy. It is told of a change when it is opened. */
  protected override shouldUpdate(changed: PropertyValues): boolean {
    if (changed.has('session')) {
      (changed.get('session') as Session | undefined)?.removeEventListener('change', this.#follow);
      this.session?.addEventListener('change', this.#follow);
    }
    return !this.closest('[role="tabpanel"][hidden]');
  }
}
