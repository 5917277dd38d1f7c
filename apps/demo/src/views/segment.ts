import { html, nothing } from 'lit';
import { agreement } from '../lib/agreement.js';
import { type Camera, startCamera } from '../lib/camera.js';
import { readPicture, saveFile } from '../lib/canvas.js';
import { type DownloadName, downloadEndings, downloads } from '../lib/downloads.js';
import type { Picture } from '../model/session.js';
import { select, slider } from '../parts/controls.js';
import { choices, facts, timingTable } from '../parts/facts.js';
import { legend } from '../parts/legend.js';
import { SessionElement } from '../parts/light-element.js';
import type { Spot } from '../parts/picture.js';
import { ResultPictures } from '../parts/result-pictures.js';
import { text } from '../text.js';

const words = text.segment;
/** Longest sides that a picture can be scaled down to; 0 keeps it. */
const sides = ['256', '512', '1024', '0'] as const;
type Side = (typeof sides)[number];

/** A picture, its maskige and its mask. */
export class SegmentView extends SessionElement {
  static override properties = {
    ...SessionElement.properties,
    opacity: { state: true },
    only: { state: true },
    spot: { state: true },
    side: { state: true },
    over: { state: true },
    frames: { state: true },
  };
  declare opacity: number;
  declare only: number | null;
  declare spot: Spot | null;
  declare side: Side;
  declare over: boolean;
  /** Frames a second of the camera; undefined while it is off. */
  declare frames: number | undefined;
  #file: Blob | undefined;
  #camera: Camera | undefined;
  readonly #pictures = new ResultPictures();

  constructor() {
    super();
    this.opacity = 0.55;
    this.only = null;
    this.spot = null;
    this.side = '512';
    this.over = false;
    document.addEventListener('paste', this.#paste);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('paste', this.#paste);
    this.#stop();
  }

  protected override firstUpdated(): void {
    void this.session.list();
    const wanted = new URLSearchParams(location.search).get('backend');
    if (wanted === 'webgpu' || wanted === 'webgl' || wanted === 'wasm') this.session.backendChoice = wanted;
    else if (wanted) {
      this.session.set({ error: text.errors.noBackend(wanted) });
      return;
    }
    if (new URLSearchParams(location.search).get('sample') !== '0') void this.#scene();
  }

  async #segment(picture: Picture): Promise<void> {
    this.only = null;
    await this.session.segment(picture);
  }

  async #scene(): Promise<void> {
    this.#stop();
    this.#file = undefined;
    await this.#segment(await this.session.scene());
  }

  async #open(file: Blob | undefined): Promise<void> {
    this.#stop();
    if (!file) {
      this.session.set({ error: text.errors.nothingDropped });
      return;
    }
    try {
      const image = await readPicture(file, Number(this.side) || undefined);
      this.#file = file;
      const name = (file as File).name?.replace(/\.\w+$/, '') || 'picture';
      await this.#segment({ image, name, kind: 'photo' });
    } catch (error) {
      this.session.set({ error: (error as Error).message });
    }
  }

  /** The current picture once more, after the model, the backend or the size changed. */
  readonly #again = () => {
    if (this.#file) void this.#open(this.#file);
    else if (this.session.picture) void this.#segment(this.session.picture);
    else void this.#scene();
  };

  /** One frame after the other: the next is taken when the last has been segmented, so none queue up. */
  async #live(): Promise<void> {
    try {
      const camera = await startCamera(Math.min(Number(this.side) || 320, 320));
      this.#camera = camera;
      this.frames = 0;
      while (this.#camera === camera) {
        const began = performance.now();
        const frame: Picture = { image: camera.frame(), name: 'camera', kind: 'photo' };
        const result = await this.session.segment(frame, true);
        if (this.#camera !== camera) break; // stopped, or started anew, while the frame was segmented
        if (!result) this.#stop();
        else this.frames = 1000 / (performance.now() - began);
        await new Promise(requestAnimationFrame);
      }
    } catch (error) {
      this.#stop();
      this.session.set({ error: (error as Error).message });
    }
  }

  #stop(): void {
    this.#camera?.stop();
    this.#camera = undefined;
    this.frames = undefined;
  }

  readonly #paste = (event: ClipboardEvent) => {
    if (this.closest('[hidden]')) return;
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
    if (file) void this.#open(file);
  };

  readonly #drop = (event: DragEvent) => {
    event.preventDefault();
    this.over = false;
    const files = [...(event.dataTransfer?.files ?? [])];
    void this.#open(files.find(({ type }) => type.startsWith('image/')) ?? files[0]);
  };

  async #save(name: DownloadName): Promise<void> {
    const { result, model, backend, picture, palette } = this.session;
    if (!result || !model || !backend || !picture) return;
    const blob = await downloads[name]({ name: picture.name, result, model, backend, palette });
    saveFile(blob, `${picture.name}${downloadEndings[name]}`);
  }

  protected override render() {
    return html`
      <h2>${words.heading}</h2>
      <p>${words.lead}</p>
      <div
        class="drop ${this.over ? 'over' : ''}"
        @dragover=${(event: DragEvent) => {
          event.preventDefault();
          this.over = true;
        }}
        @dragleave=${() => {
          this.over = false;
        }}
        @drop=${this.#drop}
      >
        ${this.#inputs()} ${this.#result()}
      </div>
    `;
  }

  #inputs() {
    const { session } = this;
    const take = (event: Event) => {
      const input = event.target as HTMLInputElement;
      void this.#open(input.files?.[0]);
      input.value = '';
    };
    return html`<div class="controls">
        <button type="button" class="main" id="scene" @click=${this.#scene}>${words.scene}</button>
        <label class="button">${words.file}<input type="file" id="file" accept="image/*" @change=${take} /></label>
        <label class="button">${words.photo}<input type="file" accept="image/*" capture="environment" @change=${take} /></label>
        <button type="button" id="live" @click=${() => (this.#camera ? this.#stop() : void this.#live())}>
          ${this.frames === undefined ? words.live : words.stop}
        </button>
        <label class="button"
          >${text.model.open}<input
            type="file"
            multiple
            accept=".json,.safetensors"
            @change=${(event: Event) => {
              session.openFiles([...((event.target as HTMLInputElement).files ?? [])]);
              this.#again();
            }}
        /></label>
      </div>
      <div class="controls">
        ${choices(session, this.#again)}
        ${select<Side>({
          label: words.side,
          value: this.side,
          options: sides.map((side) => [side, side === '0' ? words.original : words.pixels(Number(side))] as const),
          onChange: (side) => {
            this.side = side;
            if (this.#file) this.#again();
          },
        })}
      </div>`;
  }

  #result() {
    const { session, spot } = this;
    const { picture, result, palette, model } = session;
    if (!picture || !result || !model) return facts(session);
    return html`
      <div class="controls">
        ${slider({
          label: words.opacity,
          value: this.opacity,
          min: 0,
          max: 1,
          step: 0.05,
          shown: `${Math.round(100 * this.opacity)} %`,
          onInput: (opacity) => {
            this.opacity = opacity;
          },
        })}
        ${this.frames ? html`<p>${words.frames(this.frames)}</p>` : nothing} ${this.#truth()}
      </div>
      <p class="readout" id="readout">${spot ? this.#read(spot) : words.readoutHelp}</p>
      ${this.#pictures.draw({
        picture,
        result,
        palette,
        only: this.only,
        opacity: this.opacity,
        spot,
        onSpot: (next) => {
          this.spot = next;
        },
      })}
      ${legend({
        classes: model.classes,
        palette,
        shares: result.shares,
        only: this.only,
        onOnly: (only) => {
          this.only = only;
        },
      })}
      <h3>${words.download}</h3>
      <div class="controls">
        ${(Object.keys(downloads) as DownloadName[]).map(
          (name) =>
            html`<button type="button" data-download=${name} @click=${() => this.#save(name)}>${words[name]}</button>`,
        )}
      </div>
      <div class="columns">
        <div>${timingTable(result.timings)}</div>
        <div>${facts(session)}</div>
      </div>
    `;
  }

  #read({ u, v }: Spot): string {
    const { width, height, labels, confidence } = this.session.result!;
    const [x, y] = [Math.floor(u * width), Math.floor(v * height)];
    const i = y * width + x;
    const name = this.session.model!.classes[labels[i]!]?.name ?? words.unlabelled;
    return words.readoutAt(x, y, name, confidence[i]! / 255);
  }

  /** How well a rendered scene was understood, where the model has its classes. */
  #truth() {
    const { truth, result } = this.session;
    if (!truth || truth.data.length !== result?.labels.length) return nothing;
    return html`<p>${words.truth(agreement(result.labels, truth.data))}</p>`;
  }
}

customElements.define('view-segment', SegmentView);
