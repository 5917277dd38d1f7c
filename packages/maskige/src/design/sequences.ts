import { uniform } from '../random.js';
import type { Palette, Rgb } from '../types.js';

export interface JitterOptions {
  /** Another seed, another palette. Default 0. */
  readonly seed?: number;
  /** T, the largest additive factor. Default 15, and never so large that two values of a sequence could meet. */
  readonly T?: number;
}

/** GSS-FF-R: K different colours drawn at random, the baseline of Table 1. */
export function randomPalette(K: number, { seed = 0 }: { readonly seed?: number } = {}): Palette {
  requireK('randomPalette', K);
  const random = uniform(seed);
  const taken = new Set<number>();
  while (taken.size < K) taken.add(Math.floor(random() * 2 ** 24));
  return Array.from(taken, (v): Rgb => [v >> 16, (v >> 8) & 255, v & 255]);
}

/** Table 9, row 1: the Cartesian product of one arithmetic sequence a channel, all from 0 (supplement B, i). */
export function arithmeticPalette(K: number): Palette {
  return sequences('arithmeticPalette', K, [0, 0, 0]).palette;
}

/** Table 9, row 2: the sequences start at 0, 1 and 2, so that channels share no value (supplement B, ii). */
export function misalignedPalette(K: number): Palette {
  return sequences('misalignedPalette', K, [0, 1, 2]).palette;
}

/** Table 9, row 3: a random t ∈ [0, T] is added to each value of each colour (supplement B, iii). */
export function additiveFactorPalette(K: number, options: JitterOptions = {}): Palette {
  const { seed = 0, T = 15 } = options;
  const { palette, steps } = sequences('additiveFactorPalette', K, [0, 1, 2]);
  if (!Number.isInteger(T) || T < 0 || T > 255) {
    throw new RangeError(`additiveFactorPalette: T must be an integer in 0..255, got ${T}.`);
  }
  const random = uniform(seed);
  return palette.map((color) => {
    const [r, g, b] = color.map((v, c) => Math.min(255, v + Math.floor(random() * (Math.min(T, steps[c]! - 1) + 1))));
    return [r!, g!, b!];
  });
}

/** The smallest number of values a channel whose product is at least K; green gets more first, then red. */
export function channelCounts(K: number): readonly [number, number, number] {
  const n = Math.max(1, Math.ceil(Math.cbrt(K) - 1e-9));
  const smaller = Math.max(1, n - 1);
  if (smaller * n * smaller >= K) return [smaller, n, smaller];
  if (n * n * smaller >= K) return [n, n, smaller];
  return [n, n, n];
}

/** a + i·k for each channel; of the surplus the first are dropped, which are nearest to black, as the reference does. */
function sequences(who: string, K: number, starts: Rgb) {
  requireK(who, K);
  const counts = channelCounts(K);
  const steps = counts.map((n) => Math.floor(255 / n));
  const values = counts.map((n, c) => Array.from({ length: n }, (_, i) => Math.min(255, starts[c]! + i * steps[c]!)));
  const all = values[0]!.flatMap((r) => values[1]!.flatMap((g) => values[2]!.map((b): Rgb => [r, g, b])));
  return { palette: all.slice(all.length - K), steps };
}

function requireK(who: string, K: number): void {
  if (!Number.isInteger(K) || K < 1 || K > 65535) {
    throw new RangeError(`${who}: K must be an integer in 1..65535, got ${K}.`);
  }
}

/** Python's range(start, stop, step). */
export type Range = readonly [start: number, stop: number, step: number];

export interface ReferenceGenerator {
  readonly r: Range;
  readonly g: Range;
  readonly b: Range;
  /** Bounds, both included, of the integer added to each value. */
  readonly jitter: readonly [number, number];
  /** Colours left out at the front. */
  readonly dropFirst: number;
}

/** The generators of the reference's tools/posterior_learning.py (its numbers differ from the paper's). */
export const referenceGenerators = {
  ade20k: { r: [15, 240, 51], g: [16, 239, 40], b: [17, 238, 45], jitter: [-15, 15], dropFirst: 0 },
  mseg: { r: [15, 255, 55], g: [16, 255, 51], b: [17, 255, 33], jitter: [-15, 0], dropFirst: 6 },
} as const satisfies Record<string, ReferenceGenerator>;

/**
 * The reference's palettes: red outermost, blue innermost.
 *
 * @param draw the integers added, one a value in the order r, g, b of each colour; default: seeded with 0.
 */
export function referencePalette(generator: ReferenceGenerator, draw?: () => number): Palette {
  const [low, high] = generator.jitter;
  const random = uniform(0);
  const next = draw ?? (() => low + Math.floor(random() * (high - low + 1)));
  const values = ([start, stop, step]: Range) =>
    Array.from({ length: Math.ceil((stop - start) / step) }, (_, i) => start + i * step);
  const add = (v: number) => Math.min(255, Math.max(0, v + next()));
  const all = values(generator.r).flatMap((r) =>
    values(generator.g).flatMap((g) => values(generator.b).map((b): Rgb => [add(r), add(g), add(b)])),
  );
  return all.slice(generator.dropFirst);
}
