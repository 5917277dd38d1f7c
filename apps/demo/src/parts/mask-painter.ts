import type { LabelMap, Palette } from '@gss/maskige';
import { html, type PropertyValues } from 'lit';
import { canvasOf, context2d } from '../lib/canvas.js';
import { drawLabels } from '../lib/draw.js';
import { fillRegion, type Point, paintLine } from '../lib/raster.js';
import { LightElement } from './light-element.js';

export type Tool = 'brush' | 'fill';

/**
 * A mask to paint on, by pointer or keyboard. It writes into `labels.data` and tells with the events `paint` (while a stroke grows) and
 * `painted` (a stroke is done); `undo()` takes strokes back.
 */
export class MaskPainter extends LightElement {
  static override properties = {
    caption: {},
    labels: { attribute: false },
    palette: { attribute: false },
    under: { attribute: false },
    opacity: { type: Number },
    tool: {},
    radius: { type: Number },
    label: { type: Number },
  };
  declare caption: string;
  declare labels: LabelMap | undefined;
  declare palette: Palette;
  /** A picture below the mask. */
  declare under: ImageData | undefined;
  declare opacity: number;
  declare tool: Tool;
  declare radius: number;
  declare label: number;

  #last: Point | undefined;
  #cursor: Point = { x: 0, y: 0 };
  readonly #before: LabelMap['data'][] = [];

  constructor() {
    super();
    this.caption = '';
    this.palette = [];
    this.opacity = 1;
    this.tool = 'brush';
    this.radius = 6;
    this.label = 0;
  }

  get canUndo(): boolean {
    return this.#before.length > 0;
  }

  undo(): void {
    const before = this.#before.pop();
    if (!before || !this.labels) return;
    this.labels.data.set(before);
    this.#draw();
    this.#tell('painted');
  }

  protected override render() {
    return html`<figure>
      <div class="frame">
        <canvas
          class="paint"
          role="application"
          aria-label=${this.caption}
          tabindex="0"
          @pointerdown=${this.#down}
          @pointermove=${this.#move}
          @pointerup=${this.#up}
          @pointercancel=${this.#up}
          @keydown=${this.#keys}
        ></canvas>
        <span class="spot" hidden aria-hidden="true"></span>
      </div>
      <figcaption>${this.caption}</figcaption>
    </figure>`;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('labels')) {
      this.#before.length = 0;
      this.#cursor = { x: (this.labels?.width ?? 0) >> 1, y: (this.labels?.height ?? 0) >> 1 };
    }
    if (['labels', 'palette', 'under', 'opacity'].some((name) => changed.has(name))) this.#draw();
  }

  #draw(): void {
    const canvas = this.querySelector('canvas');
    if (!canvas || !this.labels) return;
    const { width, height } = this.labels;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const context = context2d(canvas);
    context.clearRect(0, 0, width, height);
    if (this.under) context.drawImage(canvasOf(this.under), 0, 0, width, height);
    context.globalAlpha = this.under ? this.opacity : 1;
    context.drawImage(canvasOf(drawLabels(this.labels, this.palette)), 0, 0);
    context.globalAlpha = 1;
  }

  #at({ clientX, clientY }: PointerEvent): Point {
    const canvas = this.querySelector('canvas')!;
    const box = canvas.getBoundingClientRect();
    const x = Math.floor(((clientX - box.left) / box.width) * canvas.width);
    const y = Math.floor(((clientY - box.top) / box.height) * canvas.height);
    return { x, y };
  }

  #remember(): void {
    this.#before.push(this.labels!.data.slice());
    if (this.#before.length > 30) this.#before.shift();
  }

  readonly #down = (event: PointerEvent) => {
    if (!this.labels || event.button !== 0) return;
    (event.target as HTMLElement).setPointerCapture(event.pointerId);
    this.#remember();
    this.#last = this.#at(event);
    this.#apply(this.#last, this.#last, this.tool);
  };

  readonly #move = (event: PointerEvent) => {
    if (!this.#last || this.tool !== 'brush') return;
    const to = this.#at(event);
    this.#apply(this.#last, to, 'brush');
    this.#last = to;
  };

  readonly #up = () => {
    if (!this.#last) return;
    this.#last = undefined;
    this.#tell('painted');
  };

  readonly #keys = (event: KeyboardEvent) => {
    if (!this.labels) return;
    const { width, height } = this.labels;
    const step = event.shiftKey ? 16 : 4;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    const tool = event.key === ' ' ? this.tool : event.key === 'f' ? 'fill' : undefined;
    if (!by && !tool) return;
    event.preventDefault();
    if (by) {
      const clamp = (v: number, n: number) => Math.min(n - 1, Math.max(0, v));
      this.#cursor = { x: clamp(this.#cursor.x + by[0]!, width), y: clamp(this.#cursor.y + by[1]!, height) };
    } else if (tool) {
      this.#remember();
      this.#apply(this.#cursor, this.#cursor, tool);
      this.#tell('painted');
    }
    const mark = this.querySelector<HTMLElement>('.spot')!;
    mark.hidden = false;
    mark.style.left = `${(100 * (this.#cursor.x + 0.5)) / width}%`;
    mark.style.top = `${(100 * (this.#cursor.y + 0.5)) / height}%`;
  };

  #apply(from: Point, to: Point, tool: Tool): void {
    if (tool === 'fill') fillRegion(this.labels!, to, this.label);
    else paintLine(this.labels!, from, to, this.radius, this.label);
    this.#draw();
    this.#tell('paint');
  }

  #tell(name: 'paint' | 'painted'): void {
    this.dispatchEvent(new CustomEvent(name));
  }
}

customElements.define('mask-painter', MaskPainter);
