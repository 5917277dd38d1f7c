import type { ModelInfo } from '@gss/element/engine';
import type { Palette } from '@gss/maskige';
import { html, nothing } from 'lit';
import { text } from '../text.js';
import { swatch } from './controls.js';

export interface LegendOptions {
  readonly classes: ModelInfo['classes'];
  readonly palette: Palette;
  readonly shares: readonly number[];
  /** The class that is shown alone, if any. */
  readonly only: number | null;
  readonly onOnly: (only: number | null) => void;
}

/** Classes with their share, largest first; each a button that shows it alone. */
export function legend({ classes, palette, shares, only, onOnly }: LegendOptions) {
  const order = classes.map((_, k) => k).sort((a, b) => shares[b]! - shares[a]! || a - b);
  return html`<h3>${text.segment.legend}</h3>
    <p class="help">${text.segment.legendHelp}</p>
    <ul class="legend">
      ${order.map(
        (k) => html`<li>
          <button type="button" aria-pressed=${k === only} @click=${() => onOnly(k === only ? null : k)}>
            ${swatch(palette[k])}${classes[k]!.name}<span class="share">${text.percent(shares[k]!)}</span>
          </button>
        </li>`,
      )}
      ${only === null ? nothing : html`<li><button type="button" @click=${() => onOnly(null)}>${text.segment.all}</button></li>`}
    </ul>`;
}
