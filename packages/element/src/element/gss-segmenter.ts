import { html, LitElement, nothing, type PropertyValues } from 'lit';
import type { BackendName, Engine, EngineOptions, Result, SegmentOptions } from '../engine/api.js';
import { type DownloadKind, saveAs } from './download.js';
import { type Lease, leaseEngine } from './engines.js';
import { type Layers, makeLayers, paint, type View, views } from './paint.js';
import { styles } from './styles.js';
import { describeShares, text } from './text.js';

/** Events of the element and their details. */
export interface GssSegmenterEventMap {
  'gss-ready': CustomEvent<{ readonly backend: Engine['backend']; readonly model: Engine['model'] }>;
  'gss-progress': CustomEvent<{ readonly stage: 'load' | 'segment'; readonly done: number; readonly total: number }>;
  'gss-result': CustomEvent<Result>;
  'gss-error': CustomEvent<{ readonly error: Error }>;
}

/**
 * `<gss-segmenter src="photo.jpg" model="models/streets/">`: an image and its segmentation. README.md lists attributes, events, parts
 * and custom properties. Everything heavy runs in a worker, which elements with the same model share.
 */
export class GssSegmenter extends LitElement {
  /** The style sheet of the shadow tree. */
  static override styles = styles;
  static override properties = {
    src: { reflect: true },
    model: { reflect: true },
    backend: { reflect: true },
    view: { reflect: true },
    opacity: { type: Number, reflect: true },
    controls: { type: Boolean, reflect: true },
    alt: { reflect: true },
    status: { state: true },
    error: { state: true },
    progress: { state: true },
    result: { attribute: false },
  };
  /** How every element makes its engine: `wasmPaths`, `worker`. Set it before the first is connected. */
  static engineOptions: EngineOptions = {};

  /** URL of the image. */
  declare src: string | undefined;
  /** URL of the model folder. */
  declare model: string | undefined;
  /** Default: the fastest. */
  declare backend: BackendName | undefined;
  declare view: View;
  /** Of the mask in the view `overlay`, 0..1. */
  declare opacity: number;
  /** Shows buttons for the view, a slider for the opacity and a way to cancel. */
  declare controls: boolean;
  /** What the image shows, for those who do not see it. */
  declare alt: string | undefined;
  /** The last result. */
  declare result: Result | undefined;
  declare private status: string;
  declare private error: string;
  declare private progress: number | undefined;
  private lease: Lease | undefined;
  private leased = '';
  private image: ImageBitmap | undefined;
  private layers: Layers | undefined;
  private classes: NonNullable<Engine['model']>['classes'] = [];
  private running: AbortController | undefined;

  constructor() {
    super();
    this.view = 'overlay';
    this.opacity = 0.6;
    this.controls = false;
    this.status = '';
    this.error = '';
  }

  /** The engine with the model loaded. Rejects where it cannot start or the model cannot be loaded. */
  get engine(): Promise<Engine> {
    if (!this.model) return Promise.reject(new Error(text.noModel));
    const url = new URL(this.model, document.baseURI).href;
    const key = `${this.backend ?? ''} ${url}`;
    if (!this.lease || this.leased !== key) {
      this.lease?.release();
      this.leased = key;
      this.status = text.starting;
      const { engineOptions } = this.constructor as typeof GssSegmenter;
      const lease = leaseEngine(url, this.backend || undefined, engineOptions, (done, total) =>
        this.report('load', done, total),
      );
      this.lease = lease;
      lease.engine.then(
        (engine) => {
          if (this.lease !== lease) return;
          this.progress = undefined;
          this.status = '';
          this.emit('gss-ready', { backend: engine.backend, model: engine.model });
        },
        (error) => {
          if (this.lease !== lease) return;
          this.lease = undefined;
          this.fail(error);
        },
      );
    }
    return this.lease.engine;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // Lit has no update to do when an element comes back unchanged; the engine was given away.
    if (this.hasUpdated && this.model && !this.lease) void this.engine.catch(() => undefined);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.cancel();
    this.lease?.release();
    this.lease = undefined;
  }

  protected override updated(changed: PropertyValues): void {
    if ((changed.has('src') || changed.has('model') || changed.has('backend')) && this.isConnected) {
      if (this.src && this.model) void this.segment(this.src).catch(() => undefined);
      else if (this.model) void this.engine.catch(() => undefined);
    }
    this.draw();
  }

  /**
   * Segments an image: a URL, a file or pixels; without one, `src` again. It is shown, and told by the events, which also tell errors.
   * A call while another runs cancels that one.
   */
  async segment(
    image: string | Blob | ImageData | ImageBitmap = this.src ?? '',
    options: Pick<SegmentOptions, 'scores' | 'augment'> = {},
  ): Promise<Result> {
    this.cancel();
    const controller = new AbortController();
    const { signal } = controller;
    this.running = controller;
    this.error = '';
    try {
      const input = typeof image === 'string' ? await this.fetchImage(image, signal) : image;
      const bitmap = await createImageBitmap(input as ImageBitmapSource);
      signal.throwIfAborted();
      this.image?.close();
      this.image = bitmap;
      this.layers = undefined;
      this.result = undefined;
      this.requestUpdate();
      const engine = await this.engine;
      signal.throwIfAborted();
      this.report('segment', 0, 1);
      const onProgress = (done: number, total: number) => this.report('segment', done, total);
      const result = await engine.segment(input, { ...options, signal, onProgress });
      this.classes = engine.model?.classes ?? [];
      this.layers = makeLayers(
        result,
        this.classes.map(({ color }) => color),
      );
      this.result = result;
      this.status = text.done(result.timings.total, engine.backend.name);
      this.emit('gss-result', result);
      return result;
    } catch (error) {
      if (signal.aborted) {
        if (this.running === controller) this.status = text.cancelled;
      } else this.fail(error);
      throw error;
    } finally {
      if (this.running === controller) {
        this.running = undefined;
        this.progress = undefined;
      }
    }
  }

  /** Stops what runs; its `segment` rejects with an AbortError. */
  cancel(): void {
    this.running?.abort();
  }

  /**
   * Saves the last result: `mask` (PNG whose values are the class numbers), `color` (PNG in the classes' colours), `maskige`, `overlay`
   * (what the view `overlay` shows) or `json` (classes, shares, times).
   */
  async download(kind: DownloadKind = 'mask'): Promise<void> {
    if (!this.result || !this.image || !this.layers) throw new Error(text.noResult);
    await saveAs(kind, {
      result: this.result,
      image: this.image,
      layers: this.layers,
      classes: this.classes,
      opacity: this.opacity,
    });
  }

  protected override render() {
    const label = this.result ? describeShares(this.result, this.classes) : text.nothing;
    const busy = this.progress !== undefined;
    return html`
      <div part="frame" role="img" aria-label=${this.alt ? `${this.alt}. ${label}` : label} aria-busy=${busy}>
        <canvas part="canvas" aria-hidden="true"></canvas>
        ${busy ? html`<progress part="progress" aria-hidden="true" .value=${this.progress ?? 0}></progress>` : nothing}
      </div>
      ${this.controls ? this.renderControls(busy) : nothing}
      <p part="status" role="status" class=${this.controls ? '' : 'unseen'}>${this.status}</p>
      ${this.error ? html`<p part="error" role="alert">${this.error}</p>` : nothing}
    `;
  }

  private renderControls(busy: boolean) {
    const choose = (view: View) => () => {
      this.view = view;
    };
    const slide = (event: Event) => {
      this.opacity = Number((event.target as HTMLInputElement).value);
    };
    return html`
      <fieldset part="controls" @keydown=${(event: KeyboardEvent) => event.key === 'Escape' && this.cancel()}>
        <legend class="unseen">${text.controls}</legend>
        ${views.map(
          (view) => html`<label
            ><input type="radio" name="view" .checked=${this.view === view} @change=${choose(view)} />${text.views[view]}</label
          >`,
        )}
        <label
          >${text.opacity}<input type="range" min="0" max="1" step="0.05" .value=${String(this.opacity)} @input=${slide}
        /></label>
        <button part="cancel" type="button" ?disabled=${!busy} @click=${() => this.cancel()}>${text.cancel}</button>
      </fieldset>
    `;
  }

  private draw(): void {
    const canvas = this.renderRoot.querySelector('canvas');
    if (canvas && this.image) paint(canvas, this.image, this.layers, this.view, this.opacity);
  }

  private async fetchImage(src: string, signal: AbortSignal): Promise<Blob> {
    const response = await fetch(new URL(src, document.baseURI), { signal }).catch((error: Error) => {
      signal.throwIfAborted();
      throw new Error(text.notRead(src, error.message));
    });
    if (!response.ok) throw new Error(text.notRead(src, `the server answered ${response.status}`));
    return response.blob();
  }

  private report(stage: 'load' | 'segment', done: number, total: number): void {
    this.progress = total ? done / total : 0;
    if (stage === 'load') this.status = text.loading(total ? Math.floor((done / total) * 10) * 10 : undefined);
    else this.status = text.segmenting(done, total);
    this.emit('gss-progress', { stage, done, total });
  }

  private fail(error: unknown): void {
    const made = error instanceof Error ? error : new Error(String(error));
    if (this.error === made.message) return; // the engine's failure has been told
    this.error = made.message;
    this.status = '';
    this.progress = undefined;
    this.emit('gss-error', { error: made });
  }

  private emit<T extends keyof GssSegmenterEventMap>(type: T, detail: GssSegmenterEventMap[T]['detail']): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}
