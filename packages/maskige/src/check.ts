import type { Palette, Rgb } from './types.js';

/** Two colours nearer than this are refused by `encode` and `decode`: rounding and the finest JPEG already mix them up. */
export const minimumDistance = 4;

/** Two entries of a palette that lie too near; `'ignored'` stands for the unlabelled colour. */
export interface NearPair {
  readonly a: number;
  readonly b: number | 'ignored';
  readonly colors: readonly [Rgb, Rgb];
  /** Euclidean distance in RGB; 0 for a duplicate. */
  readonly distance: number;
}

export interface PaletteCheck {
  /** True if no pair is nearer than asked. */
  readonly ok: boolean;
  /** Smallest distance of two classes; Infinity for a single class. */
  readonly minDistance: number;
  /** Smallest distance of a class to the unlabelled colour; Infinity without one. */
  readonly minIgnoredDistance: number;
  /** Pairs that are too near, nearest first: duplicates, whose distance is 0, lead. */
  readonly near: readonly NearPair[];
}

export interface CheckOptions {
  /** Pairs nearer than this are reported. Default 4. */
  readonly minDistance?: number;
  /** The colour of unlabelled pixels, which must stay apart from the classes too. */
  readonly ignoreColor?: Rgb;
}

/** Names the duplicate and too-near colours of a palette: with them a maskige cannot be decoded. */
export function checkPalette(palette: Palette, options: CheckOptions = {}): PaletteCheck {
  const { minDistance: threshold = minimumDistance, ignoreColor } = options;
  validatePalette('checkPalette', palette, ignoreColor);
  const near: NearPair[] = [];
  const compare = (a: number, b: number | 'ignored', q: Rgb) => {
    const p = palette[a]!;
    const distance = Math.sqrt((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2);
    if (distance < threshold) near.push({ a, b, colors: [p, q], distance });
    return distance;
  };
  let [minDistance, minIgnoredDistance] = [1 / 0, 1 / 0];
  // Sorted by red: only colours whose reds are near enough to matter are compared.
  const order = [...palette.keys()].sort((i, j) => palette[i]![0] - palette[j]![0] || i - j);
  order.forEach((i, u) => {
    if (ignoreColor) minIgnoredDistance = Math.min(minIgnoredDistance, compare(i, 'ignored', ignoreColor));
    for (let v = u + 1; v < order.length; v++) {
      const j = order[v]!;
      const red = palette[j]![0] - palette[i]![0];
      if (red >= threshold && red >= minDistance) break;
      const last = Math.max(i, j);
      minDistance = Math.min(minDistance, compare(Math.min(i, j), last, palette[last]!));
    }
  });
  near.sort((s, t) => s.distance - t.distance || s.a - t.a);
  return { ok: !near.length, minDistance, minIgnoredDistance, near };
}

/** Throws unless the palette has 1..65,535 colours of three integers in 0..255, as the unlabelled colour, if any. */
export function validatePalette(who: string, palette: Palette, ignoreColor?: Rgb): void {
  if (!(palette?.length > 0 && palette.length < 65536)) {
    throw new RangeError(`${who}: expected a palette of 1..65535 colours, got ${palette?.length}.`);
  }
  (ignoreColor ? [...palette, ignoreColor] : palette).forEach((color, k) => {
    if (color?.length === 3 && color.every((v) => v === (v & 255))) return;
    const what = k < palette.length ? `class ${k}` : 'unlabelled pixels';
    throw new RangeError(`${who}: expected three integers in 0..255 as colour of ${what}, got [${color}].`);
  });
}

/** Throws if colours are too near to be told apart. */
export function refuseNearColors(who: string, palette: Palette, ignoreColor: Rgb | undefined): void {
  const { ok, near } = checkPalette(palette, { ignoreColor });
  if (ok) return;
  const named = near
    .slice(0, 3)
    .map(({ a, b, colors: [p, q], distance }) => `${a} [${p}] and ${b} [${q}], ${distance.toFixed(1)} apart`);
  throw new RangeError(
    `${who}: pairs of colours too near to be told apart (${near.length}): ${named.join('; ')}${near.length > 3 ? '; …' : ''}. Use maximalDistancePalette, or force: true.`,
  );
}
