import { uniform } from './random.js';
import { latticePoints, spread } from './spread.js';
import type { Palette, Rgb } from './types.js';

export interface MaximalDistanceOptions {
  /** Another seed, another palette. Default 0. */
  readonly seed?: number;
  /** Colours to keep away from as from a class. Default: black (unlabelled pixels) and grey. */
  readonly avoid?: readonly Rgb[];
}

export const black: Rgb = [0, 0, 0];
/** The centre of the cube, near to every colour (supplement B). */
export const grey: Rgb = [128, 128, 128];

/** Beyond this many colours the lattice itself serves: it is nearly optimal, and pushing pairs apart would take minutes. */
const latticeBeyond = 512;

/**
 * K colours under the maximal distance assumption (§3.3, supplement B): their smallest RGB distance, also to black and to
 * grey, is as large as we know how to make it. Deterministic; about 0.1 s at K = 150.
 *
 * @throws RangeError unless 1 ≤ K ≤ 65535.
 */
export function maximalDistancePalette(K: number, options: MaximalDistanceOptions = {}): Palette {
  const { seed = 0, avoid = [black, grey] } = options;
  if (!Number.isInteger(K) || K < 1 || K > 65535) {
    throw new RangeError(`maximalDistancePalette: K must be an integer in 1..65535, got ${K}.`);
  }
  const starts = Math.min(40, Math.max(3, Math.ceil(1500 / K)));
  const points =
    K > latticeBeyond
      ? latticePoints(K, avoid, uniform(seed), 0)
      : spread(K, { pins: avoid, seed: 1000 * seed, starts, iterations: 300 });
  return polish(points, avoid.length, K > latticeBeyond ? 0 : 400);
}

/** Rounds to whole colours, and moves them by single steps as long as the smallest distance grows. */
export function polish(points: Float64Array, pins: number, turns: number): Palette {
  const at = Int16Array.from(points, Math.round);
  const n = at.length / 3;
  /** Least squared distance of point i, if it were at (x, y, z), to the others. */
  const room = (i: number, x: number, y: number, z: number, enough: number) => {
    let least = 1e9;
    for (let j = 0; j < n && least > enough; j++) {
      if (j === i) continue;
      const d = (x - at[3 * j]!) ** 2 + (y - at[3 * j + 1]!) ** 2 + (z - at[3 * j + 2]!) ** 2;
      if (d < least) least = d;
    }
    return least;
  };
  const improve = (i: number, now: number) => {
    const [x, y, z] = [at[3 * i]!, at[3 * i + 1]!, at[3 * i + 2]!];
    let best = now;
    for (let s = 0; s < 125; s++) {
      const p = [x + (s % 5) - 2, y + (Math.floor(s / 5) % 5) - 2, z + Math.floor(s / 25) - 2];
      if (Math.min(...p) < 0 || Math.max(...p) > 255) continue;
      const d = room(i, p[0]!, p[1]!, p[2]!, best);
      if (d > best) {
        best = d;
        at.set(p, 3 * i);
      }
    }
    return best > now;
  };
  const rooms = () => Array.from({ length: n }, (_, i) => room(i, at[3 * i]!, at[3 * i + 1]!, at[3 * i + 2]!, -1));
  for (let turn = 0; turn < turns; turn++) {
    const all = rooms();
    const least = Math.min(...all);
    // Every point of a nearest pair may move; if none of a pair can, the distance has reached its end.
    let moved = 0;
    all.forEach((d, i) => {
      if (i >= pins && d === least && improve(i, least)) moved++;
    });
    if (!moved) break;
  }
  return Array.from(
    { length: n - pins },
    (_, k): Rgb => [at[3 * (k + pins)]!, at[3 * (k + pins) + 1]!, at[3 * (k + pins) + 2]!],
  );
}
