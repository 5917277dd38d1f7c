import type { Result } from '@gss/element/engine';
import type { Palette } from '@gss/maskige';
import { html, type TemplateResult } from 'lit';
import { drawHeat, drawImage, drawLabels, drawTokens } from '../lib/draw.js';
import { once } from '../lib/turns.js';
import { labelsOf, type Picture } from '../model/session.js';
import { text } from '../text.js';
import type { Layer, Spot } from './picture.js';
import './picture.js';

export interface ResultPicturesOptions {
  readonly picture: Picture;
  readonly result: Result;
  readonly palette: Palette;
  readonly only: number | null;
  readonly opacity: number;
  readonly spot: Spot | null;
  readonly onSpot: (spot: Spot | null) => void;
}

/** Pixels that are drawn once for what they show. */
export class ResultPictures {
  #key: readonly unknown[] = [];
  #pixels: Record<'maskige' | 'mask' | 'confidence', () => ImageData> | undefined;
  #tokens: (() => ImageData) | undefined;

  /** image · maskige · mask · overlay · tokens · confidence, with one common pointer. */
  draw({ picture, result, palette, only, opacity, spot, onSpot }: ResultPicturesOptions): TemplateResult {
    const { width, height, tokens } = result;
    const key = [result, only, ...palette.flat()];
    if (!same(key, this.#key)) {
      this.#key = key;
      this.#pixels = {
        maskige: once(() => drawImage({ data: result.maskige, width, height })),
        mask: once(() => drawLabels(labelsOf(result), palette, only)),
        confidence: once(() => drawHeat(result.confidence, width, height, 255)),
      };
      this.#tokens = tokens.data.length ? once(() => drawTokens(tokens.data, tokens.width, tokens.height)) : undefined;
    }
    const pixels = this.#pixels!;
    const words = text.segment;
    const show = (caption: string, layers: readonly Layer[], smooth = false) =>
      html`<demo-picture
        .caption=${caption}
        .layers=${layers}
        .spot=${spot}
        .smooth=${smooth}
        probe
        @spot=${(event: CustomEvent<Spot | null>) => onSpot(event.detail)}
      ></demo-picture>`;
    return html`<div class="pictures thirds" id="result">
      ${show(words.image, [{ pixels: picture.image }], true)} ${show(words.maskige, [{ pixels: pixels.maskige }])}
      ${show(words.mask, [{ pixels: pixels.mask }])} ${show(words.overlay, [{ pixels: picture.image }, { pixels: pixels.mask, opacity }], true)}
      ${
        this.#tokens
          ? show(`${words.tokens} (${text.size(tokens.width, tokens.height)})`, [{ pixels: this.#tokens }])
          : html`<p class="help">${words.noTokens}</p>`
      }
      ${show(words.confidence, [{ pixels: pixels.confidence }])}
    </div>`;
  }
}

const same = (a: readonly unknown[], b: readonly unknown[]) => a.length === b.length && a.every((v, i) => v === b[i]);
