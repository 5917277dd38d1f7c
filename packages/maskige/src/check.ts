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
  /** Pairs of the same colour. */
  readonly duplicates: readonly NearPair[];
  /** Pairs of different colours that are too near, nearest first. */
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
  validatePalette('checkPalette', palette);
  if (ignoreColor) validateColor('checkPalette', ignoreColor, 'the unlabelled colour');
  const K = palette.length;
  const pairs: NearPair[] = [];
  const compare = (i: number, b: number | 'ignored', q: Rgb) => {
    const p = palette[i]!;
    const distance = Math.sqrt((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2);
    if (distance < threshold) pairs.push({ a: i, b, colors: [p, q], distance });
    return distance;
  };
  let ignored = Number.POSITIVE_INFINITY;
  if (ignoreColor) for (let i = 0; i < K; i++) ignored = Math.min(ignored, compare(i, 'ignored', ignoreColor));
  // Sorted by red: only colours whose reds are near enough to matter are compared.
  const order = palette.map((_, i) => i).sort((i, j) => palette[i]![0] - palette[j]![0] || i - j);
  let classes = Number.POSITIVE_INFINITY;
  for (let u = 0; u < K; u++) {
    for (let v = u + 1; v < K; v++) {
      const [i, j] = [order[u]!, order[v]!];
      const red = palette[j]![0] - palette[i]![0];
      if (red >= threshold && red >= classes) break;
      classes = Math.min(classes, compare(Math.min(i, j), Math.max(i, j), palette[Math.max(i, j)]!));
    }
  }
  pairs.sort((s, t) => s.distance - t.distance || s.a - t.a || Number(s.b) - Number(t.b));
  return {
    ok: pairs.length === 0,
    minDistance: classes,
    minIgnoredDistance: ignored,
    duplicates: pairs.filter((pair) => pair.distance === 0),
    near: pairs.filter((pair) => pair.distance > 0),
  };
}

/** Throws unless the palette has 1..65,535 colours of three integers in 0..255. */
export function validatePalette(who: string, palette: Palette): void {
  if (!Array.isArray(palette) || palette.length < 1 || palette.length > 65535) {
    throw new RangeError(`${who}: expected a palette of 1..65535 colours, got ${palette?.length ?? typeof palette}.`);
  }
  for (let k = 0; k < palette.length; k++) validateColor(who, palette[k]!, `class ${k}`);
}

export function validateColor(who: string, color: Rgb, what: string): void {
  const ok = color?.length === 3 && color.every((v) => Number.isInteger(v) && v >= 0 && v <= 255);
  if (!ok) throw new RangeError(`${who}: the colour of ${what} must be three integers in 0..255, got [${color}].`);
}

/** Throws if colours are too near to be told apart. */
export function refuseNearColors(who: string, palette: Palette, ignoreColor: Rgb | undefined): void {
  const { ok, duplicates, near } = checkPalette(palette, { ignoreColor });
  if (ok) return;
  const pairs = [...duplicates, ...near];
  const named = pairs.slice(0, 3).map(({ a, b, colors, distance }) => {
    const other = b === 'ignored' ? 'the unlabelled colour' : `class ${b}`;
    return distance === 0
      ? `class ${a} and ${other} share [${colors[0]}]`
      : `class ${a} [${colors[0]}] and ${other} [${colors[1]}] are ${distance.toFixed(1)} apart`;
  });
  const more = pairs.length > 3 ? ` and ${pairs.length - 3} more pairs` : '';
  throw new RangeError(
    `${who}: the palette cannot be decoded: ${named.join('; ')}${more}. Use a maskige palette (maximalDistancePalette), or pass force: true.`,
  );
}
