import type { Example, Result } from '@gss/element/engine';
import type { LabelMap } from '@gss/maskige';
import { html, nothing } from 'lit';
import { saveFile } from '../lib/canvas.js';
import { drawLabels } from '../lib/draw.js';
import { labelsOf, type Picture } from '../model/session.js';
import { numberField, type PaintState, paintTools, slider } from '../parts/controls.js';
import { SessionElement } from '../parts/light-element.js';
import type { MaskPainter } from '../parts/mask-painter.js';
import '../parts/loss-chart.js';
import '../parts/mask-painter.js';
import '../parts/picture.js';
import { type Current, withResult } from '../parts/need-result.js';
import { text } from '../text.js';

const words = text.learn;

/** A corrected picture that was kept. */
interface Kept {
  readonly picture: Picture;
  readonly labels: LabelMap;
  readonly shown: ImageData;
}

/** Corrected masks teach the step from maskige to mask. */
export class LearnView extends SessionElement {
  static override properties = {
    ...SessionElement.properties,
    paint: { state: true },
    labels: { state: true },
    kept: { state: true },
    steps: { state: true },
    rate: { state: true },
    losses: { state: true },
    opacity: { state: true },
  };
  declare paint: PaintState;
  declare labels: LabelMap | undefined;
  declare kept: readonly Kept[];
  declare steps: number;
  declare rate: number;
  declare losses: readonly number[];
  declare opacity: number;
  #of: Result | undefined;
  #model: string | undefined;

  constructor() {
    super();
    this.paint = { tool: 'brush', radius: 8, label: 0 };
    this.kept = [];
    this.steps = 40;
    this.rate = 0.01;
    this.losses = [];
    this.opacity = 0.65;
  }

  protected override willUpdate(): void {
    if (this.#of !== this.session.result) this.#reset();
    if (this.#model === this.session.model?.name) return;
    this.#model = this.session.model?.name; // other classes: what was kept says nothing to this model
    this.kept = [];
    this.losses = [];
  }

  readonly #reset = () => {
    const { result } = this.session;
    this.#of = result;
    this.labels = result && { ...labelsOf(result), data: result.labels.slice() };
  };

  readonly #truth = () => {
    const { truth } = this.session.picture!;
    if (truth) this.labels = { ...truth, data: Uint8Array.from(truth.data) };
  };

  readonly #keep = () => {
    const { picture, palette } = this.session;
    const labels = { ...this.labels!, data: Uint8Array.from(this.labels!.data) };
    this.kept = [...this.kept, { picture: picture!, labels, shown: drawLabels(labels, palette) }];
  };

  readonly #learn = async () => {
    const { session, kept, steps } = this;
    this.losses = [];
    const done = await session.run(words.step(0, steps, 0), async (signal, progress) => {
      const engine = await session.ready(kept[0]!.picture.kind, signal, progress);
      const before = await this.#agreement(signal);
      const examples: Example[] = kept.map(({ picture, labels: { data, width, height } }) => ({
        image: picture.image,
        labels: { data: Uint8Array.from(data), width, height },
      }));
      await engine.learn(examples, {
        steps,
        lr: this.rate,
        signal,
        onStep: (step, loss) => {
          this.losses = [...this.losses, loss];
          progress(words.step(step, steps, loss), step, steps);
        },
      });
      return words.done(text.percent(before), text.percent(await this.#agreement(signal)));
    });
    if (!done) return;
    await this.#again();
    session.set({ message: done });
  };

  /** Share of the kept pixels on which the model and the corrections agree. */
  async #agreement(signal: AbortSignal): Promise<number> {
    let right = 0;
    let known = 0;
    for (const { picture, labels } of this.kept) {
      const { labels: found } = await this.session.engine!.segment(picture.image, { signal });
      for (let i = 0; i < found.length; i++) {
        if (labels.data[i] === 255) continue;
        known++;
        if (found[i] === labels.data[i]) right++;
      }
    }
    return right / known;
  }

  async #again(): Promise<void> {
    const { picture } = this.session;
    if (picture) await this.session.segment(picture);
  }

  readonly #undo = async () => {
    await this.session.engine!.undo();
    await this.#again();
    this.session.set({ message: words.undone });
  };

  readonly #export = async () => {
    try {
      saveFile(await this.session.engine!.exportWeights(), words.exportName);
    } catch (error) {
      this.session.set({ error: (error as Error).message });
    }
  };

  protected override render() {
    const { session } = this;
    return html`<h2>${words.heading}</h2>
      <p>${words.lead}</p>
      ${withResult(session, words.needs, (current) => html`${this.#correct(current)} ${this.#examples()} ${this.#teach()}`)}`;
  }

  #correct({ picture, model }: Current) {
    const { palette } = this.session;
    return html`<div class="pictures wide">
        <mask-painter
          .caption=${words.corrected}
          .labels=${this.labels}
          .palette=${palette}
          .under=${picture.image}
          .opacity=${this.opacity}
          .tool=${this.paint.tool}
          .radius=${this.paint.radius}
          .label=${this.paint.label}
        ></mask-painter>
        <demo-picture .caption=${text.segment.image} .layers=${[{ pixels: picture.image }]} smooth></demo-picture>
      </div>
      ${paintTools({
        group: 'learn',
        state: this.paint,
        names: model.classes.map(({ name }) => name),
        palette,
        painter: () => this.querySelector<MaskPainter>('mask-painter'),
        onChange: (paint) => {
          this.paint = paint;
        },
      })}
      <div class="controls">
        ${slider({
          label: text.segment.opacity,
          value: this.opacity,
          min: 0,
          max: 1,
          step: 0.05,
          shown: `${Math.round(100 * this.opacity)} %`,
          onInput: (opacity) => {
            this.opacity = opacity;
          },
        })}
        <button type="button" id="keep" class="main" @click=${this.#keep}>${words.keep}</button>
        ${picture.truth ? html`<button type="button" id="truth" @click=${this.#truth}>${words.truth}</button>` : nothing}
        <button type="button" @click=${this.#reset}>${words.reset}</button>
        <button type="button" @click=${async () => this.session.segment(await this.session.scene())}>${text.segment.scene}</button>
      </div>`;
  }

  #examples() {
    return html`<h3>${words.examples}</h3>
      ${this.kept.length ? nothing : html`<p class="help">${words.noExamples}</p>`}
      <div class="pictures small" id="kept">
        ${this.kept.map(
          (entry, i) => html`<div>
            <demo-picture
              .caption=${words.example(i + 1)}
              .layers=${[{ pixels: entry.picture.image }, { pixels: entry.shown, opacity: 0.65 }]}
            ></demo-picture>
            <button
              type="button"
              aria-label=${words.remove(i + 1)}
              @click=${() => {
                this.kept = this.kept.filter((other) => other !== entry);
              }}
            >
              ×
            </button>
          </div>`,
        )}
      </div>`;
  }

  #teach() {
    const learned = this.session.engine?.learned ?? 0;
    return html`<div class="controls">
        ${slider({
          label: words.steps,
          value: this.steps,
          min: 5,
          max: 200,
          step: 5,
          onInput: (steps) => {
            this.steps = steps;
          },
        })}
        ${numberField({
          label: words.lr,
          value: this.rate,
          min: 0.0001,
          max: 1,
          step: 0.0001,
          onInput: (rate) => {
            this.rate = rate;
          },
        })}
        <button type="button" class="main" id="learn" ?disabled=${!this.kept.length} @click=${this.#learn}>${words.start}</button>
        <button type="button" id="undo" ?disabled=${!learned} @click=${this.#undo}>${words.undo}</button>
        <button type="button" id="export" ?disabled=${!learned} @click=${this.#export}>${words.export}</button>
        ${learned ? html`<p>${words.learned(learned)}</p>` : nothing}
      </div>
      ${this.losses.length ? html`<loss-chart .losses=${this.losses} .steps=${this.steps}></loss-chart>` : nothing}`;
  }
}

customElements.define('view-learn', LearnView);
