import { html, type PropertyValues } from 'lit';
import { canvasOf, context2d } from '../lib/canvas.js';
import { inTurn } from '../lib/turns.js';
import { LightElement } from './light-element.js';

/** Pixels drawn over those before them. */
export interface Layer {
  /** Or how to make them, which is put off until there is time. */
  readonly pixels: ImageData | (() => ImageData);
  /** Default 1. */
  readonly opacity?: number;
}

/** Other pixels or another opacity: a new list of the same layers is not drawn again. */
const differ = (now: readonly Layer[] = [], before: readonly Layer[] = []) =>
  now.length !== before.length ||
  now.some(({ pixels, opacity }, i) => pixels !== before[i]!.pixels || opacity !== before[i]!.opacity);

/** Where the pointer, or the keyboard, points: 0..1 from the left and the top. */
export interface Spot {
  readonly u: number;
  readonly v: number;
}

/**
 * A figure: layers of pixels with a caption. With `probe` it tells where the pointer is (events `spot` with a `Spot`, or null when
 * it leaves) and shows the spot that it is given, so that several pictures point at the same place.
 */
export class DemoPicture extends LightElement {
  static override properties = {
    caption: {},
    layers: { attribute: false, hasChanged: differ },
    probe: { type: Boolean },
    spot: { attribute: false },
    smooth: { type: Boolean },
  };
  declare caption: string;
  declare layers: readonly Layer[];
  declare probe: boolean;
  declare spot: Spot | null;
  declare smooth: boolean;

  constructor() {
    super();
    this.caption = '';
    this.layers = [];
    this.probe = false;
    this.spot = null;
    this.smooth = false;
  }

  protected override render() {
    return html`<figure>
      <div class="frame">
        <canvas
          class=${this.smooth ? 'smooth' : ''}
          role="img"
          aria-label=${this.caption}
          tabindex=${this.probe ? 0 : -1}
          @pointermove=${this.#point}
          @pointerleave=${() => this.#tell(null)}
          @keydown=${this.#keys}
        ></canvas>
        <span class="spot" ?hidden=${!this.spot} aria-hidden="true"></span>
      </div>
      <figcaption>${this.caption}</figcaption>
    </figure>`;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('layers') && !this.#waits) {
      this.#waits = true;
      inTurn(() => this.#draw());
    }
    const mark = this.querySelector<HTMLElement>('.spot')!;
    if (this.spot) {
      mark.style.left = `${100 * this.spot.u}%`;
      mark.style.top = `${100 * this.spot.v}%`;
    }
  }

  #waits = false;

  #draw(): void {
    this.#waits = false;
    const canvas = this.querySelector('canvas')!;
    const layers = this.layers.map(({ pixels, opacity = 1 }) => ({
      pixels: typeof pixels === 'function' ? pixels() : pixels,
      opacity,
    }));
    const [first] = layers;
    if (!first) return;
    const { width, height } = first.pixels;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const context = context2d(canvas);
    context.clearRect(0, 0, width, height);
    for (const { pixels, opacity } of layers) {
      context.globalAlpha = opacity;
      context.drawImage(canvasOf(pixels), 0, 0, width, height);
    }
    context.globalAlpha = 1;
  }

  readonly #point = ({ clientX, clientY }: PointerEvent) => {
    if (!this.probe) return;
    const box = this.querySelector('canvas')!.getBoundingClientRect();
    const inside = (v: number) => Math.min(0.9999, Math.max(0, v));
    this.#tell({ u: inside((clientX - box.left) / box.width), v: inside((clientY - box.top) / box.height) });
  };

  readonly #keys = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 0.1 : 0.02;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (!this.probe || !by) return;
    event.preventDefault();
    const { u, v } = this.spot ?? { u: 0.5, v: 0.5 };
    const inside = (value: number) => Math.min(0.9999, Math.max(0, value));
    this.#tell({ u: inside(u + by[0]!), v: inside(v + by[1]!) });
  };

  #tell(spot: Spot | null): void {
    if (this.probe) this.dispatchEvent(new CustomEvent('spot', { detail: spot }));
  }
}

customElements.define('demo-picture', DemoPicture);
