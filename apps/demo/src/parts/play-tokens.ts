import type { Recoded, Result, TokenMap } from '@gss/element/engine';
import type { LabelMap } from '@gss/maskige';
import { html, nothing } from 'lit';
import { countDifferent, drawImage, drawLabels, drawTokens } from '../lib/draw.js';
import { labelsOf } from '../model/session.js';
import { text } from '../text.js';
import { live, type PaintState, paintTools } from './controls.js';
import { SessionElement } from './light-element.js';
import type { MaskPainter } from './mask-painter.js';
import './mask-painter.js';
import './picture.js';

const words = text.play;

/** Paint on the mask; see which tokens that changes, and what they decode to. */
export class PlayTokens extends SessionElement {
  static override properties = {
    ...SessionElement.properties,
    paint: { state: true },
    labels: { state: true },
    recoded: { state: true },
  };
  declare paint: PaintState;
  declare labels: LabelMap | undefined;
  declare recoded: Recoded | undefined;
  /** The tokens of the mask before anybody painted. */
  #before: TokenMap | undefined;
  #of: Result | undefined;
  #waits = false;
  #runs = false;

  constructor() {
    super();
    this.paint = { tool: 'brush', radius: 8, label: 0 };
  }

  protected override willUpdate(): void {
    if (this.#of !== this.session.result) this.#reset();
  }

  readonly #reset = () => {
    const { result } = this.session;
    this.#of = result;
    this.labels = result && { ...labelsOf(result), data: result.labels.slice() };
    this.recoded = undefined;
    this.#before = undefined;
    void this.#recode();
  };

  /** Through the tokenizer; strokes that come meanwhile are taken together. */
  readonly #recode = async () => {
    this.#waits = true;
    if (this.#runs || this.session.task) return;
    this.#runs = true;
    while (this.#waits && this.labels) {
      this.#waits = false;
      const { data, width, height } = this.labels;
      const of = this.#of;
      try {
        const recoded = await this.session.engine!.recode({ data: Uint8Array.from(data), width, height });
        if (of !== this.#of) continue;
        this.#before ??= recoded.tokens;
        this.recoded = recoded;
      } catch (error) {
        this.session.set({ error: (error as Error).message });
      }
    }
    this.#runs = false;
  };

  protected override updated(): void {
    if (this.#waits && !this.#runs && !this.session.task) void this.#recode();
  }

  protected override render() {
    const { labels, recoded } = this;
    const { palette, model } = this.session;
    if (!labels || !model) return nothing;
    return html`<p>${words.editLead}</p>
      ${live(recoded && this.#said(recoded))}
      <div class="workbench" id="recoded">
        <div>
          <mask-painter
            .caption=${words.painted}
            .labels=${labels}
            .palette=${palette}
            .tool=${this.paint.tool}
            .radius=${this.paint.radius}
            .label=${this.paint.label}
            @painted=${this.#recode}
          ></mask-painter>
          ${paintTools({
            group: 'tokens',
            state: this.paint,
            names: model.classes.map(({ name }) => name),
            palette,
            painter: () => this.querySelector<MaskPainter>('mask-painter'),
            onChange: (paint) => {
              this.paint = paint;
            },
          })}
          <button type="button" @click=${this.#reset}>${words.reset}</button>
        </div>
        <div class="pictures">${recoded ? this.#pictures(recoded) : nothing}</div>
      </div>`;
  }

  #said({ tokens, labels }: Recoded): string {
    const changed = countDifferent(tokens.data, this.#before!.data);
    const kept = 1 - countDifferent(labels.data, this.labels!.data) / labels.data.length;
    return `${words.changed(changed, tokens.data.length)}; ${words.kept(text.percent(kept))}.`;
  }

  #drawn: { of: Recoded; palette: unknown; parts: readonly (readonly [string, ImageData])[] } | undefined;

  #pictures(recoded: Recoded) {
    const { palette } = this.session;
    if (this.#drawn?.of !== recoded || this.#drawn.palette !== palette) {
      const { tokens, maskige, labels } = recoded;
      const grid = drawTokens(tokens.data, tokens.width, tokens.height);
      for (let i = 0; i < tokens.data.length; i++)
        if (tokens.data[i] === this.#before?.data[i]) grid.data[4 * i + 3] = 60;
      this.#drawn = {
        of: recoded,
        palette,
        parts: [
          [words.recodedTokens, grid],
          [words.recodedMaskige, drawImage(maskige)],
          [words.recodedMask, drawLabels(labels, palette)],
        ],
      };
    }
    return this.#drawn.parts.map(
      ([caption, pixels]) => html`<demo-picture .caption=${caption} .layers=${[{ pixels }]}></demo-picture>`,
    );
  }
}

customElements.define('play-tokens', PlayTokens);
