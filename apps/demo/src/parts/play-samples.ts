import type { SampleResult } from '@gss/element/engine';
import { html, nothing } from 'lit';
import { drawHeat, drawLabels } from '../lib/draw.js';
import { once } from '../lib/turns.js';
import type { Picture } from '../model/session.js';
import { text } from '../text.js';
import { live, numberField, slider } from './controls.js';
import { SessionElement } from './light-element.js';
import './picture.js';

const words = text.play;

interface Shown {
  readonly masks: readonly (() => ImageData)[];
  readonly agreement: () => ImageData;
  /** Share of pixels on which all masks agree. */
  readonly same: number;
}

/** Masks drawn from the prior, and where they agree. */
export class PlaySamples extends SessionElement {
  static override properties = {
    ...SessionElement.properties,
    count: { state: true },
    temperature: { state: true },
    topK: { state: true },
    seed: { state: true },
    shown: { state: true },
  };
  declare count: number;
  declare temperature: number;
  declare topK: number;
  declare seed: number;
  declare shown: Shown | undefined;
  #of: Picture | undefined;

  constructor() {
    super();
    this.count = 6;
    this.temperature = 1;
    this.topK = 0;
    this.seed = 0;
  }

  protected override willUpdate(): void {
    if (this.#of !== this.session.picture) this.shown = undefined;
  }

  readonly #draw = async () => {
    const { session, count, temperature, topK, seed } = this;
    const picture = session.picture!;
    const samples = await session.run(words.drawing(0, count), async (signal, progress) => {
      const engine = await session.ready(picture.kind, signal, progress);
      return engine.sample(picture.image, {
        count,
        temperature,
        seed,
        ...(topK > 0 ? { topK } : {}),
        signal,
        onProgress: (done, total) => progress(words.drawing(Math.ceil((done * count) / total), count), done, total),
      });
    });
    if (!samples) return;
    this.#of = picture;
    this.shown = this.#show(samples);
  };

  #show({ masks, agreement, width, height }: SampleResult): Shown {
    const { palette } = this.session;
    let same = 0;
    for (let i = 0; i < agreement.length; i++) if (agreement[i] === 255) same++;
    return {
      masks: masks.map((data) => once(() => drawLabels({ data, width, height }, palette))),
      agreement: once(() => drawHeat(agreement, width, height, 255)),
      same: same / agreement.length,
    };
  }

  protected override render() {
    const { shown } = this;
    return html`<div class="controls">
        ${slider({
          label: words.count,
          value: this.count,
          min: 2,
          max: 12,
          onInput: (count) => {
            this.count = count;
          },
        })}
        ${slider({
          label: words.temperature,
          value: this.temperature,
          min: 0,
          max: 3,
          step: 0.1,
          onInput: (temperature) => {
            this.temperature = temperature;
          },
        })}
        ${numberField({
          label: words.topK,
          value: this.topK,
          min: 0,
          max: 65536,
          onInput: (topK) => {
            this.topK = topK;
          },
        })}
        ${numberField({
          label: words.seed,
          value: this.seed,
          min: 0,
          max: 2 ** 31,
          onInput: (seed) => {
            this.seed = seed;
          },
        })}
        <button type="button" class="main" id="draw" @click=${this.#draw}>${words.draw}</button>
      </div>
      ${live(shown && words.drawn(shown.masks.length, text.percent(shown.same)))}
      ${
        shown
          ? html`<div class="pictures small" id="samples">
              ${shown.masks.map(
                (pixels, i) =>
                  html`<demo-picture .caption=${words.sample(i + 1)} .layers=${[{ pixels }]}></demo-picture>`,
              )}
              <demo-picture .caption=${words.agreement} .layers=${[{ pixels: shown.agreement }]}></demo-picture>
            </div>`
          : nothing
      }`;
  }
}

customElements.define('play-samples', PlaySamples);
