import type { Example } from '@gss/element/engine';
import type { LabelMap } from '@gss/maskige';
import { html, nothing } from 'lit';
import { saveFile } from '../lib/canvas.js';
import { drawLabels } from '../lib/draw.js';
import type { Picture } from '../model/session.js';
import { numberField, slider } from '../parts/controls.js';
import { MaskEditor } from '../parts/mask-editor.js';
import '../parts/loss-chart.js';
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
export class LearnView extends MaskEditor {
  static override properties = {
    ...MaskEditor.properties,
    kept: { state: true },
    steps: { state: true },
    rate: { state: true },
    losses: { state: true },
    opacity: { state: true },
  };
  declare kept: readonly Kept[];
  declare steps: number;
  declare rate: number;
  declare losses: readonly number[];
  declare opacity: number;
  #model: string | undefined;

  constructor() {
    super();
    this.kept = [];
    this.steps = 100;
    this.rate = 0.02;
    this.losses = [];
    this.opacity = 0.65;
  }

  protected override willUpdate(): void {
    super.willUpdate();
    if (this.#model === this.session.model?.name) return;
    this.#model = this.session.model?.name; // other classes: what was kept says nothing to this model
    this.kept = [];
    this.losses = [];
  }

  readonly #truth = () => {
    const { truth } = this.session;
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
      const examples: Example[] = kept.map(({ picture, labels: { data, width, height } }) => ({
        image: picture.image,
        labels: { data: Uint8Array.from(data), width, height },
      }));
      return engine.learn(examples, {
        steps,
        lr: this.rate,
        signal,
        onStep: (step, loss) => {
          this.losses = [...this.losses, loss];
          progress(words.step(step, steps, loss), step, steps);
        },
      });
    });
    if (!done) return;
    await this.#again();
    const { before, after } = done;
    const [from, to] = [text.percent(before), text.percent(after)];
    session.set({ message: after > before ? words.done(from, to) : words.same(from) });
  };

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

  #correct({ picture }: Current) {
    const { session } = this;
    return html`<h3>${words.correct}</h3>
      <div class="pictures wide">
        ${this.painter({ caption: words.corrected, under: picture.image, opacity: this.opacity })}
        <demo-picture .caption=${text.segment.image} .layers=${[{ pixels: picture.image }]} smooth></demo-picture>
      </div>
      ${this.tools('learn')}
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
        ${session.truth ? html`<button type="button" id="truth" @click=${this.#truth}>${words.truth}</button>` : nothing}
        <button type="button" @click=${() => this.reset()}>${words.reset}</button>
        <button type="button" @click=${() => session.nextScene()}>${text.segment.scene}</button>
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
    return html`<h3>${words.teach}</h3>
      <div class="controls">
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
