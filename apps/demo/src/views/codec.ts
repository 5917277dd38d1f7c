import { syntheticStreetsClasses } from '@gss/datasets';
import { type LabelMap, maximalDistancePalette, type Palette } from '@gss/maskige';
import { html, nothing } from 'lit';
import { type CodecRun, type Damage, runCodec } from '../lib/codec-run.js';
import { safePalette } from '../lib/colours.js';
import { drawDifference, drawImage, drawLabels } from '../lib/draw.js';
import { browserJpeg } from '../lib/jpeg.js';
import { renderScene } from '../lib/scenes.js';
import { once } from '../lib/turns.js';
import { live, type PaintState, paintTools, select, slider, swatch } from '../parts/controls.js';
import { LightElement } from '../parts/light-element.js';
import type { MaskPainter } from '../parts/mask-painter.js';
import '../parts/mask-painter.js';
import '../parts/picture.js';
import { text } from '../text.js';

const words = text.codec;
const width = 256;
const height = 192;
type PaletteName = keyof typeof words.paletteNames;
type Start = keyof typeof words.starts;

const palettes: Record<PaletteName, (K: number) => Palette> = {
  maximal: (K) => maximalDistancePalette(K),
  streets: (K) => {
    const colours = syntheticStreetsClasses.map(({ color }) => color);
    return K <= colours.length ? colours.slice(0, K) : [...colours, ...safePalette(K)].slice(0, K);
  },
  grey: (K) =>
    Array.from(
      { length: K },
      (_, k) => Array(3).fill(Math.round((255 * k) / (K - 1 || 1))) as [number, number, number],
    ),
  safe: safePalette,
};

/** 𝒳 and 𝒳⁻¹ alone: paint, encode, damage, decode, count. */
export class CodecView extends LightElement {
  static override properties = {
    classes: { state: true },
    paletteName: { state: true },
    start: { state: true },
    damage: { state: true },
    paint: { state: true },
    labels: { state: true },
    run: { state: true },
  };
  declare classes: number;
  declare paletteName: PaletteName;
  declare start: Start;
  declare damage: Damage;
  declare paint: PaintState;
  declare labels: LabelMap;
  declare run: (CodecRun & { readonly milliseconds: number }) | undefined;
  #palette: Palette;
  #running = false;
  #again = false;

  constructor() {
    super();
    this.classes = syntheticStreetsClasses.length;
    this.paletteName = 'maximal';
    this.start = 'scene';
    this.damage = { noise: 0, shrink: 1, jpeg: 0 };
    this.paint = { tool: 'brush', radius: 6, label: 9 };
    this.labels = { data: new Uint8Array(width * height), width, height };
    this.#palette = palettes.maximal(this.classes);
    void this.#begin();
  }

  async #begin(): Promise<void> {
    const data = new Uint8Array(width * height);
    const K = this.classes;
    if (this.start === 'stripes')
      for (let i = 0; i < data.length; i++)
        data[i] = Math.floor(((i % width) * K) / width + Math.floor(i / width / 24)) % K;
    if (this.start === 'scene') {
      const { labels } = await renderScene({ seed: 1, index: 4, width, height, split: 'test' });
      for (let i = 0; i < data.length; i++) data[i] = labels.data[i]! < 255 ? labels.data[i]! % K : 0;
    }
    this.labels = { data, width, height };
    this.#update();
  }

  /** Runs the codec on what is there now; changes that come meanwhile are taken together. */
  readonly #update = () => {
    this.#again = true;
    if (!this.#running) void this.#loop();
  };

  async #loop(): Promise<void> {
    this.#running = true;
    while (this.#again) {
      this.#again = false;
      await new Promise(requestAnimationFrame);
      const began = performance.now();
      const run = await runCodec(this.labels, this.#palette, this.damage, browserJpeg);
      this.run = { ...run, milliseconds: performance.now() - began };
    }
    this.#running = false;
  }

  #setDamage(change: Partial<Damage>): void {
    this.damage = { ...this.damage, ...change };
    this.#update();
  }

  #setClasses(classes: number): void {
    this.classes = classes;
    this.#palette = palettes[this.paletteName](classes);
    this.paint = { ...this.paint, label: Math.min(this.paint.label, classes - 1) };
    const data = this.labels.data.map((label) => label % classes) as Uint8Array;
    this.labels = { data, width, height };
    this.#update();
  }

  #setPalette(name: PaletteName): void {
    this.paletteName = name;
    this.#palette = palettes[name](this.classes);
    this.#update();
  }

  get #names(): string[] {
    const streets = this.start === 'scene';
    return Array.from(
      { length: this.classes },
      (_, k) => (streets && syntheticStreetsClasses[k]?.name) || words.className(k),
    );
  }

  protected override render() {
    const { damage, run } = this;
    return html`
      <h2>${words.heading}</h2>
      <p>${words.lead}</p>
      <div class="controls">
        ${select<Start>({
          label: words.start,
          value: this.start,
          options: Object.entries(words.starts) as [Start, string][],
          onChange: (start) => {
            this.start = start;
            void this.#begin();
          },
        })}
        ${slider({ label: words.classes, value: this.classes, min: 2, max: 32, onInput: (n) => this.#setClasses(n) })}
        ${select<PaletteName>({
          label: words.palette,
          value: this.paletteName,
          options: Object.entries(words.paletteNames) as [PaletteName, string][],
          onChange: (name) => this.#setPalette(name),
        })}
      </div>
      <div class="controls">
        ${slider({ label: words.noise, value: damage.noise, min: 0, max: 120, onInput: (noise) => this.#setDamage({ noise }) })}
        ${slider({
          label: words.shrink,
          value: damage.shrink,
          min: 1,
          max: 12,
          shown: damage.shrink > 1 ? words.shrinkBy(damage.shrink) : words.shrinkOff,
          onInput: (shrink) => this.#setDamage({ shrink }),
        })}
        ${slider({
          label: words.jpeg,
          value: damage.jpeg || 101,
          min: 1,
          max: 101,
          shown: damage.jpeg ? words.jpegQuality(damage.jpeg) : words.jpegOff,
          onInput: (jpeg) => this.#setDamage({ jpeg: jpeg > 100 ? 0 : jpeg }),
        })}
      </div>
      ${live(run && this.#summary(run))}
      <div class="workbench">
        <div>
          <mask-painter
            .caption=${words.draw}
            .labels=${this.labels}
            .palette=${this.#palette}
            .tool=${this.paint.tool}
            .radius=${this.paint.radius}
            .label=${this.paint.label}
            @paint=${this.#update}
            @painted=${this.#update}
          ></mask-painter>
          ${paintTools({
            group: 'codec',
            state: this.paint,
            names: this.#names,
            palette: this.#palette,
            painter: () => this.querySelector<MaskPainter>('mask-painter'),
            onChange: (paint) => {
              this.paint = paint;
            },
          })}
        </div>
        <div class="pictures">${run ? this.#pictures(run) : nothing}</div>
      </div>
      ${run ? this.#table(run) : nothing}
    `;
  }

  #summary({ scores, milliseconds, bytes }: NonNullable<CodecView['run']>): string {
    const time = text.milliseconds(milliseconds);
    const said =
      scores.aAcc === 100
        ? words.exact(time)
        : words.summary(text.percent(scores.aAcc / 100), text.percent(scores.mIoU / 100), time);
    return bytes === undefined ? said : `${said} ${words.bytes(`${(bytes / 1000).toFixed(1)} kB`)}.`;
  }

  #drawn: { run: CodecRun; parts: readonly (readonly [string, () => ImageData])[] } | undefined;

  #pictures(run: CodecRun) {
    if (this.#drawn?.run !== run)
      this.#drawn = {
        run,
        parts: [
          [words.maskige, once(() => drawImage(run.maskige))],
          [words.damaged, once(() => drawImage(run.damaged))],
          [words.decoded, once(() => drawLabels(run.decoded, this.#palette))],
          [words.errors, once(() => drawDifference(run.decoded, this.labels))],
        ],
      };
    return this.#drawn.parts.map(
      ([caption, pixels]) => html`<demo-picture .caption=${caption} .layers=${[{ pixels }]}></demo-picture>`,
    );
  }

  #table({ scores }: CodecRun) {
    const figure = (value: number) => (Number.isNaN(value) ? '–' : text.percent(value / 100));
    return html`<details open>
      <summary>${words.table}</summary>
      <div class="scroll" tabindex="0" role="region" aria-label=${words.table}>
        <table>
          <thead>
            <tr>
              <th scope="col">${words.class}</th>
              <th scope="col">${words.share}</th>
              <th scope="col">${words.accuracy}</th>
              <th scope="col">${words.iou}</th>
            </tr>
          </thead>
          <tbody>
            ${scores.perClass.map(
              ({ acc, iou, labelled }, k) => html`<tr>
                <th scope="row">${swatch(this.#palette[k])}${this.#names[k]}</th>
                <td>${text.percent(labelled / (width * height))}</td>
                <td>${figure(acc)}</td>
                <td>${figure(iou)}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>`;
  }
}

customElements.define('view-codec', CodecView);
