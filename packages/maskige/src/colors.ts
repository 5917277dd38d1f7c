import type { Palette, Rgb } from './types.js';

/** A palette as flat numbers, the unlabelled colour last: what every decoder works on. */
export interface Colors {
  /** r g b r g b … */
  readonly rgb: Uint8Array;
  /** The label of each colour: 0 … K − 1, then `ignore`. */
  readonly labels: Uint16Array;
  /** The largest label. */
  readonly largest: number;
}

export function colorsOf(palette: Palette, ignoreColor: Rgb | undefined, ignore: number | undefined): Colors {
  const all = ignoreColor ? [...palette, ignoreColor] : palette;
  const labels = Uint16Array.from(all.keys());
  if (ignoreColor) labels[palette.length] = ignore!;
  return { rgb: Uint8Array.from(all.flat()), labels, largest: labels[all.length - 1]! };
}

/** Squared distance of a point to colour k. */
export function squaredDistance(rgb: Uint8Array, k: number, r: number, g: number, b: number): number {
  const x = r - rgb[3 * k]!;
  const y = g - rgb[3 * k + 1]!;
  const z = b - rgb[3 * k + 2]!;
  return x * x + y * y + z * z;
}

/** The nearest of the colours numbered in a list (default: of all), the first on a tie. */
export function nearestColor(
  { rgb, labels }: Colors,
  r: number,
  g: number,
  b: number,
  list?: ArrayLike<number>,
  from = 0,
  to = labels.length,
): number {
  let best = 0;
  let least = 1 / 0;
  for (let i = from; i < to; i++) {
    const k = list ? list[i]! : i;
    const d = squaredDistance(rgb, k, r, g, b);
    if (d < least) {
      least = d;
      best = k;
    }
  }
  return best;
}
