import type { Palette, Rgb } from '../types.js';
import { additiveFactorPalette, type JitterOptions } from './sequences.js';

export interface RefineOptions {
  /** IoU of each class (any scale), from a run with the palette before: the lowest get the most vivid colours. */
  readonly iou?: readonly number[];
  /** Colours whose channels differ by less than this are grey. Default 48. */
  readonly greyWidth?: number;
}

/** Table 9, row 4: row 3, refined by category (supplement B, iv). */
export function refinedPalette(K: number, options: JitterOptions & RefineOptions = {}): Palette {
  return refine(additiveFactorPalette(K, options), options);
}

/**
 * Category-specific refinement of any palette: greys give way to colours whose channels differ widely, such as (0, 128, 255),
 * where there is room for one; then the classes with the lowest IoU get the colours whose channels differ most.
 * The smallest distance of the palette never becomes smaller.
 */
export function refine(palette: Palette, { iou, greyWidth = 48 }: RefineOptions = {}): Palette {
  if (iou && iou.length !== palette.length) {
    throw new RangeError(`refine: expected an IoU for each of the ${palette.length} classes, got ${iou.length}.`);
  }
  const bad = iou?.findIndex((v) => Number.isNaN(v)) ?? -1;
  if (bad >= 0) throw new RangeError(`refine: the IoU of class ${bad} is NaN. Give absent classes the mean.`);
  const colors = palette.map((color): Rgb => [...color]);
  const smallest = Math.min(...colors.map((color, k) => room(colors, k, color)));
  for (const k of colors.keys()) {
    if (spreadOf(colors[k]!) >= greyWidth) continue;
    let best = { color: colors[k]!, distance: smallest };
    for (const color of vividColors) {
      const distance = room(colors, k, color);
      if (distance > best.distance) best = { color, distance };
    }
    colors[k] = best.color;
  }
  if (!iou) return colors;
  const byVividness = [...colors.keys()].sort((i, j) => spreadOf(colors[j]!) - spreadOf(colors[i]!) || i - j);
  const byIou = [...colors.keys()].sort((i, j) => iou[i]! - iou[j]! || i - j);
  const refined: Rgb[] = [];
  byIou.forEach((k, rank) => {
    refined[k] = colors[byVividness[rank]!]!;
  });
  return refined;
}

/** How much the three channels differ: 0 for grey, 255 for the most vivid. */
const spreadOf = (color: Rgb) => Math.max(...color) - Math.min(...color);

/** Squared distance of colour k, if it were this colour, to the nearest of the others. */
function room(colors: readonly Rgb[], k: number, [r, g, b]: Rgb): number {
  let least = Number.POSITIVE_INFINITY;
  colors.forEach((c, i) => {
    if (i !== k) least = Math.min(least, (c[0] - r) ** 2 + (c[1] - g) ** 2 + (c[2] - b) ** 2);
  });
  return least;
}

/** Colours with one channel near 0 and one near 255. */
const vividColors: readonly Rgb[] = /* @__PURE__ */ (() => {
  const found: Rgb[] = [];
  for (const low of [0, 12, 24]) {
    for (const high of [231, 243, 255]) {
      for (let middle = 0; middle <= 255; middle += 15) {
        found.push([low, middle, high], [low, high, middle], [middle, low, high]);
        found.push([middle, high, low], [high, low, middle], [high, middle, low]);
      }
    }
  }
  return found;
})();
