import { latticePoints, spread } from './spread.js';
import type { Palette, Rgb } from './types.js';

export interface MaximalDistanceOptions {
  /** Another seed, another palette. Default 0. */
  readonly seed?: number;
  /** Colours to keep away from as from a class. Default: black (unlabelled pixels) and grey. */
  readonly avoid?: readonly Rgb[];
}

/** Black, the usual colour of unlabelled pixels, and the centre of the cube, near to every colour (supplement B). */
export const avoided: readonly Rgb[] = [
  [0, 0, 0],
  [128, 128, 128],
];

/** Beyond this many colours the lattice itself serves: it is nearly optimal, and pushing pairs apart would take long. */
const latticeBeyond = 512;

/**
 * K colours under the maximal distance assumption (§3.3, supplement B): their smallest RGB distance, also to black and to
 * grey, is as large as we know how to make it. Deterministic; about 0.1 s at K = 150.
 *
 * @throws RangeError unless 1 ≤ K ≤ 65535.
 */
export function maximalDistancePalette(K: number, options: MaximalDistanceOptions = {}): Palette {
  const { seed = 0, avoid = avoided } = options;
  if (!(K > 0 && K === (K & 65535))) {
    throw new RangeError(`maximalDistancePalette: expected an integer K in 1..65535, got ${K}.`);
  }
  const points =
    K > latticeBeyond
      ? latticePoints(K, avoid, seed, 0)
      : spread(K, avoid, Math.min(40, Math.ceil(1500 / K)), 1000 * seed, { iterations: 300 });
  return roundedColors(points, avoid.length);
}

/** The points after the pins as whole colours. */
export function roundedColors(points: Float64Array, pins: number): Rgb[] {
  const colors: Rgb[] = [];
  for (let i = 3 * pins; i < points.length; i += 3) {
    colors.push([Math.round(points[i]!), Math.round(points[i + 1]!), Math.round(points[i + 2]!)]);
  }
  return colors;
}
