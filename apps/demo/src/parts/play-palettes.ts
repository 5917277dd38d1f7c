import type { Result } from '@gss/element/engine';
import { decode, encode, maximalDistancePalette, type Palette } from '@gss/maskige';
import { html, nothing } from 'lit';
import { safePalette } from '../lib/colours.js';
import { countDifferent, drawImage, drawLabels } from '../lib/draw.js';
import { labelsOf } from '../model/session.js';
import { text } from '../text.js';
import { live, select } from './controls.js';
import { SessionElement } from './light-element.js';
import './picture.js';

const words = text.play;
const choices = ['model', 'maximal', 'rotated', 'safe'] as const;
type Choice = (typeof choices)[number];

interface Swap {
  readonly wrong: number;
  readonly maskige: ImageData;
  readonly mask: ImageData;
}

/** The same mask as maskiges in other colours, and each decoded again. */
export class PlayPalettes extends SessionElement {
  static override properties = { ...SessionElement.properties, choice: { state: true } };
  declare choice: Choice;

  constructor() {
    super();
    this.choice = 'rotated';
  }

  #palette(): Palette {
    const own = this.session.model!.palette;
    if (this.choice === 'model') return own;
    if (this.choice === 'maximal') return maximalDistancePalette(own.length, { seed: 1 });
    if (this.choice === 'safe') return safePalette(own.length);
    return own.map((_, k) => own[(k + 1) % own.length]!); // every class takes its neighbour's colour
  }

  #last: { of: readonly unknown[]; swap: Swap } | undefined;

  /** Made anew only when the result or a palette changed. */
  #swapped(result: Result): Swap {
    const drawing = this.session.palette;
    const of = [result, this.choice, drawing.join()];
    if (this.#last?.of.every((part, i) => part === of[i])) return this.#last.swap;
    const palette = this.#palette();
    const map = labelsOf(result);
    const options = { ignore: 255, ignoreColor: [0, 0, 0] } as const;
    const maskige = encode(map, palette, options);
    const back = decode(maskige, palette, options);
    const swap = {
      wrong: countDifferent(back.data, map.data),
      maskige: drawImage(maskige),
      mask: drawLabels(back, drawing),
    };
    this.#last = { of, swap };
    return swap;
  }

  protected override render() {
    const { result, model } = this.session;
    if (!result || !model) return nothing;
    const { wrong, maskige, mask } = this.#swapped(result);
    const show = (caption: string, pixels: ImageData) =>
      html`<demo-picture .caption=${caption} .layers=${[{ pixels }]}></demo-picture>`;
    return html`<p>${words.palettesLead}</p>
      <div class="controls">
        ${select<Choice>({
          label: words.palette,
          value: this.choice,
          options: choices.map((choice) => [choice, words.paletteNames[choice]] as const),
          onChange: (choice) => {
            this.choice = choice;
          },
        })}
      </div>
      ${live(wrong ? words.differs(wrong) : words.same)}
      <div class="pictures" id="swapped">
        ${show(text.segment.maskige, maskige)} ${show(text.segment.mask, mask)}
      </div>`;
  }
}

customElements.define('play-palettes', PlayPalettes);
