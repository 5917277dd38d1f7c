import type { Recoded, TokenMap } from '@gss/element/engine';
import { html, nothing } from 'lit';
import { countDifferent, drawImage, drawLabels, drawTokens } from '../lib/draw.js';
import { text } from '../text.js';
import { live } from './controls.js';
import { MaskEditor } from './mask-editor.js';
import './picture.js';

const words = text.play;

/** Paint on the mask; see which tokens that changes, and what they decode to. */
export class PlayTokens extends MaskEditor {
  static override properties = { ...MaskEditor.properties, recoded: { state: true } };
  declare recoded: Recoded | undefined;
  /** The tokens of the mask before anybody painted. */
  #before: TokenMap | undefined;
  #waits = false;
  #runs = false;

  protected override reset(): void {
    super.reset();
    this.recoded = undefined;
    this.#before = undefined;
    void this.#recode();
  }

  /** Through the tokenizer; strokes that come meanwhile are taken together. */
  readonly #recode = async () => {
    this.#waits = true;
    if (this.#runs || this.session.task) return;
    this.#runs = true;
    while (this.#waits && this.labels) {
      this.#waits = false;
      const { data, width, height } = this.labels;
      const of = this.of;
      try {
        const recoded = await this.session.engine!.recode({ data: Uint8Array.from(data), width, height });
        if (of !== this.of) continue;
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
    const { model } = this.session;
    if (!labels || !model) return nothing;
    return html`<p>${words.editLead}</p>
      ${live(recoded && this.#said(recoded))}
      <div class="workbench" id="recoded">
        <div>
          ${this.painter({ caption: words.painted, onPainted: this.#recode })} ${this.tools('tokens')}
          <button type="button" @click=${() => this.reset()}>${words.reset}</button>
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
