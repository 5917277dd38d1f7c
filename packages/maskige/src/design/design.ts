import { avoided, roundedColors } from '../maximal-distance.js';
import { clamp, relax, spread } from '../spread.js';
import type { Palette, Rgb } from '../types.js';
import { polish } from './polish.js';
import type { ColorSpace } from './spaces.js';

export interface DesignOptions {
  /** Another seed, another palette. Default 0. */
  readonly seed?: number;
  /** Colours to keep away from as from a class. Default: black (unlabelled pixels) and grey. */
  readonly avoid?: readonly Rgb[];
  /** Where distances are measured: RGB (default, what decoding measures), `oklab` or `cielab` (what people see). */
  readonly space?: ColorSpace;
  /**
   * K × K counts or rates, rows the truth, columns the prediction, row by row: classes that are confused move apart.
   * The diagonal is not looked at.
   */
  readonly confusion?: ArrayLike<number>;
  /** How much farther the most confused pair shall be apart than an unconfused one: 1 = twice as far. Default 0.5. */
  readonly strength?: number;
  /** Independent starts, of which the best is kept. More is slower and a little better. Default 12. */
  readonly starts?: number;
  /** Rounds of pushing apart. Default 600. */
  readonly iterations?: number;
}

/** A palette under the maximal distance assumption, in a space of choice and with classes weighted by their confusion. */
export function designPalette(K: number, options: DesignOptions = {}): Palette {
  const { seed = 0, avoid = avoided, space, confusion, strength = 0.5, starts = 12, iterations = 600 } = options;
  if (!Number.isInteger(K) || K < 1 || K > 1024) {
    throw new RangeError(
      `designPalette: K must be an integer in 1..1024, got ${K}. Beyond, use maximalDistancePalette.`,
    );
  }
  const pins = avoid.length;
  const { enter, leave, project } = ways(space);
  const points = spread(K, avoid, starts, 1000 * seed, { project, iterations }, enter);
  if (confusion) {
    const rates = confusionRates(K, confusion);
    assign(points, pins, rates);
    const weight = (i: number, j: number) => (j < pins ? 1 : 1 + strength * rates[(i - pins) * K + j - pins]!);
    relax(points, { pins, project, weight, iterations });
  }
  const colors = roundedColors(leave(points), pins);
  return space || confusion ? colors : polish(colors, avoid);
}

/** From RGB to a space, back, and into the cube of RGB while in the space. */
function ways(space: ColorSpace | undefined) {
  const triples = (points: Float64Array, way: ColorSpace['fromRgb']) => {
    for (let i = 0; i < points.length; i += 3) points.set(way(points[i]!, points[i + 1]!, points[i + 2]!), i);
    return points;
  };
  const inside = (x: number, y: number, z: number) => {
    const [r, g, b] = space!.toRgb(x, y, z);
    return [clamp(r), clamp(g), clamp(b)] as const;
  };
  return {
    enter: (points: Float64Array) => (space ? triples(points, space.fromRgb) : points),
    leave: (points: Float64Array) => (space ? triples(points, inside) : points),
    project: space
      ? (points: Float64Array, i: number) =>
          points.set(space.fromRgb(...inside(points[i]!, points[i + 1]!, points[i + 2]!)), i)
      : undefined,
  };
}

/** The smallest distance of two colours, measured in a space; Infinity for a single colour. */
export function smallestDistance(palette: Palette, space?: ColorSpace): number {
  const at = palette.map((c) => space?.fromRgb(...c) ?? c);
  let least = Number.POSITIVE_INFINITY;
  at.forEach((p, i) => {
    for (let j = 0; j < i; j++) least = Math.min(least, distance(p, at[j]!));
  });
  return least;
}

const distance = (p: readonly number[], q: readonly number[]) =>
  Math.sqrt((p[0]! - q[0]!) ** 2 + (p[1]! - q[1]!) ** 2 + (p[2]! - q[2]!) ** 2);

/** Symmetric confusion of each pair, 0..1: rates of the rows, both ways, over the largest. */
function confusionRates(K: number, confusion: ArrayLike<number>): Float64Array {
  if (confusion.length !== K * K) {
    throw new RangeError(`designPalette: confusion must be ${K} × ${K} = ${K * K} numbers, got ${confusion.length}.`);
  }
  const sums = new Float64Array(K);
  for (let i = 0; i < K * K; i++) {
    if (!(confusion[i]! >= 0)) {
      throw new RangeError(
        `designPalette: confusion[${Math.floor(i / K)}][${i % K}] is ${confusion[i]}, expected ≥ 0.`,
      );
    }
    sums[Math.floor(i / K)]! += confusion[i]!;
  }
  const rates = Float64Array.from({ length: K * K }, (_, n) => {
    const [i, j] = [Math.floor(n / K), n % K];
    return i === j ? 0 : confusion[n]! / (sums[i] || 1) + confusion[j * K + i]! / (sums[j] || 1);
  });
  const largest = rates.reduce((a, b) => Math.max(a, b), 0);
  return largest > 0 ? rates.map((v) => v / largest) : rates;
}

/** Which class gets which point: exchanges two as long as that lowers Σ rate / distance². */
function assign(points: Float64Array, pins: number, rates: Float64Array): void {
  const K = points.length / 3 - pins;
  const triple = (k: number): Rgb => {
    const i = 3 * (k + pins);
    return [points[i]!, points[i + 1]!, points[i + 2]!];
  };
  const at = Array.from({ length: K }, (_, k) => triple(k));
  const closeness = Float64Array.from({ length: K * K }, (_, n) => {
    const [i, j] = [Math.floor(n / K), n % K];
    return i === j ? 0 : 1 / Math.max(1, distance(at[i]!, at[j]!) ** 2);
  });
  const place = Array.from({ length: K }, (_, k) => k);
  const gain = (a: number, b: number) => {
    let sum = 0;
    for (let k = 0; k < K; k++) {
      if (k === a || k === b) continue;
      const p = K * place[k]!;
      sum += (rates[a * K + k]! - rates[b * K + k]!) * (closeness[p + place[a]!]! - closeness[p + place[b]!]!);
    }
    return sum;
  };
  for (let improved = true, turn = 0; improved && turn < 20; turn++) {
    improved = false;
    for (let a = 0; a < K; a++) {
      for (let b = 0; b < a; b++) {
        if (gain(a, b) <= 1e-12) continue;
        [place[a], place[b]] = [place[b]!, place[a]!];
        improved = true;
      }
    }
  }
  const moved = place.map((p) => at[p]!);
  moved.forEach((color, k) => {
    points.set(color, 3 * (k + pins));
  });
}
