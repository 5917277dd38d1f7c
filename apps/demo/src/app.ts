import { html, nothing, type TemplateResult } from 'lit';
import { Session } from './model/session.js';
import { select } from './parts/controls.js';
import { LightElement } from './parts/light-element.js';
import { text } from './text.js';

const views = {
  segment: {
    load: () => import('./views/segment.js'),
    draw: (s: Session) => html`<view-segment .session=${s}></view-segment>`,
  },
  play: { load: () => import('./views/play.js'), draw: (s: Session) => html`<view-play .session=${s}></view-play>` },
  codec: { load: () => import('./views/codec.js'), draw: () => html`<view-codec></view-codec>` },
  learn: {
    load: () => import('./views/learn.js'),
    draw: (s: Session) => html`<view-learn .session=${s}></view-learn>`,
  },
} satisfies Record<string, { load: () => Promise<unknown>; draw: (session: Session) => TemplateResult }>;
type ViewName = keyof typeof views;
const names = Object.keys(views) as ViewName[];

type Theme = 'auto' | 'light' | 'dark';
const dark = matchMedia('(prefers-color-scheme: dark)');

const stored = (): Theme => {
  try {
    const theme = localStorage.getItem('theme');
    return theme === 'light' || theme === 'dark' ? theme : 'auto';
  } catch {
    return 'auto'; // storage can be forbidden
  }
};

/** The page: title, tabs, messages, and the views, each fetched when it is opened first. */
export class GssDemo extends LightElement {
  static override properties = { view: { state: true }, theme: { state: true } };
  declare view: ViewName;
  declare theme: Theme;
  readonly session = new Session();
  readonly #opened = new Set<ViewName>();

  constructor() {
    super();
    this.view = 'segment';
    this.theme = stored();
    this.session.addEventListener('change', () => this.requestUpdate());
    dark.addEventListener('change', () => this.#paint());
    addEventListener('hashchange', () => this.#fromAddress());
    this.#paint();
    this.#fromAddress();
  }

  #fromAddress(): void {
    const name = location.hash.slice(1) as ViewName;
    this.#open(names.includes(name) ? name : 'segment');
  }

  #open(view: ViewName): void {
    if (view !== this.view) this.session.set({ message: '' }); // what was said is about the view before
    this.view = view;
    if (!this.#opened.has(view)) {
      this.#opened.add(view);
      void views[view].load().catch((error: Error) => this.session.set({ error: error.message }));
    }
    void this.updateComplete.then(() => this.session.set({})); // the view stood still while it was hidden
    if (location.hash.slice(1) !== view) history.replaceState(null, '', `#${view}`);
  }

  #paint(): void {
    const theme = this.theme === 'auto' ? (dark.matches ? 'dark' : 'light') : this.theme;
    document.documentElement.dataset.theme = theme;
  }

  readonly #tabKeys = (event: KeyboardEvent) => {
    const at = names.indexOf(this.view);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#open(names[(to + names.length) % names.length]!);
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(`#tab-${this.view}`)?.focus());
  };

  protected override render() {
    return html`
      <a class="skip" href="#main" @click=${this.#skip}>${text.skip}</a>
      <header>
        <h1>${text.title}</h1>
        <p>${text.lead}</p>
        ${select<Theme>({
          label: text.theme.label,
          value: this.theme,
          options: [
            ['auto', text.theme.auto],
            ['light', text.theme.light],
            ['dark', text.theme.dark],
          ],
          onChange: (theme) => {
            this.theme = theme;
            this.#paint();
            try {
              localStorage.setItem('theme', theme);
            } catch {
              // It holds until the page is closed.
            }
          },
        })}
      </header>
      <main id="main" tabindex="-1">
        <div role="tablist" aria-label=${text.tabList} @keydown=${this.#tabKeys}>
          ${names.map(
            (name) => html`<button
              type="button"
              role="tab"
              id="tab-${name}"
              aria-selected=${name === this.view}
              aria-controls="panel-${name}"
              tabindex=${name === this.view ? 0 : -1}
              @click=${() => this.#open(name)}
            >
              ${text.tabs[name]}
            </button>`,
          )}
        </div>
        ${this.#messages()}
        ${names.map(
          (
            name,
          ) => html`<section role="tabpanel" id="panel-${name}" aria-labelledby="tab-${name}" ?hidden=${name !== this.view}>
            ${this.#opened.has(name) ? views[name].draw(this.session) : nothing}
          </section>`,
        )}
      </main>
    `;
  }

  #messages() {
    const { task, error, message } = this.session;
    return html`
      <div role="alert">
        ${
          error
            ? html`<div class="error">
              <p>${error}</p>
              <button type="button" @click=${() => this.session.set({ error: '' })}>${text.dismiss}</button>
            </div>`
            : nothing
        }
      </div>
      <div class="task">
        <p role="status" id="status">${task?.message ?? message}</p>
        ${
          task
            ? html`<progress
                aria-label=${task.message}
                max=${task.total || 1}
                value=${task.total ? task.done : nothing}
              ></progress>
              <button type="button" id="cancel" @click=${() => task.cancel()}>${text.cancel}</button>`
            : nothing
        }
      </div>
    `;
  }

  readonly #skip = (event: Event) => {
    event.preventDefault();
    this.querySelector<HTMLElement>('main')?.focus();
  };
}

customElements.define('gss-demo', GssDemo);
