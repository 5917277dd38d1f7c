import type { Palette, Rgb } from './types.js';

/** A palette as flat numbers, the unlabelled colour last: what every decoder works on. */
export interface Colors {
  /** Number of colours: K, or K + 1 with the unlabelled colour. */
  readonly count: number;
  /** r g b r g b … */
  readonly rgb: Uint8Array;
  /** The label of each colour: 0 … K − 1, then `ignore`. */
  readonly labels: Uint16Array;
}

export function colorsOf(palette: Palette, ignoreColor: Rgb | undefined, ignore: number | undefined): Colors {
  const all = ignoreColor ? [...palette, ignoreColor] : palette;
  const labels = Uint16Array.from(all, (_, k) => k);
  if (ignoreColor) labels[palette.length] = ignore!;
  return { count: all.length, rgb: Uint8Array.from(all.flat()), labels };
}

/** Squared distance of a point to colour k. */
export function squaredDistance(rgb: Uint8Array, k: number, r: number, g: number, b: number): number {
  const x = r - rgb[3 * k]!;
  const y = g - rgb[3 * k + 1]!;
  const z = b - rgb[3 * k + 2]!;
  return x * x + y * y + z * z;
}

/** The nearest colour, the lowest on a tie. */
export function nearestColor({ rgb, count }: Colors, r: number, g: number, b: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < count; k++) {
    const d = squaredDistance(rgb, k, r, g, b);
    if (d < least) {
      least = d;
      best = k;
    }
  }
  return best;
}
