import type { Rgb } from './types.js';

export interface RelaxOptions {
  /** How many of the points, at the front, stay where they are. */
  readonly pins: number;
  readonly iterations: number;
  /** Puts the point whose coordinates start at i back where points may be. Default: into the RGB cube. */
  readonly project?: ((points: Float64Array, i: number) => void) | undefined;
  /** How many times as far apart points i and j shall be as others (1 or more); indices include the pins. */
  readonly weight?: ((i: number, j: number) => number) | undefined;
}

/**
 * K points of the RGB cube with a large smallest distance, after the pins: [3 (pins + K)]. The best of several starts from
 * a lattice.
 *
 * @param enter takes the points of a start to where distances are measured. Default: they stay in RGB.
 */
export function spread(
  K: number,
  pins: readonly Rgb[],
  starts: number,
  seed: number,
  options: Omit<RelaxOptions, 'pins'>,
  enter = (points: Float64Array) => points,
): Float64Array {
  let best: Float64Array | undefined;
  let largest = 0;
  for (let start = 0; start < starts; start++) {
    const points = enter(latticePoints(K, pins, seed + start, 0.15));
    const distance = relax(points, { ...options, pins: pins.length });
    if (!best || distance > largest) [best, largest] = [points, distance];
  }
  return best!;
}

/**
 * The pins and K points of a face-centred cubic lattice, as wide as it can be. Points a little outside
 * the cube (`margin`, in half cells) are put on its wall; those nearest to a pin are left out.
 */
export function latticePoints(K: number, pins: readonly Rgb[], seed: number, margin: number): Float64Array {
  // Places that fill the cell evenly (the R₃ sequence of Roberts).
  const shift = [0.8191725, 0.6710436, 0.5497005].map((step) => (0.5 + seed * step) % 1);
  const points = (half: number) => {
    const axes = shift.map((from) => {
      const at: number[] = [];
      for (let v = (from - 2) * half; v <= 255 + margin * half; v += half) at.push(v);
      return at;
    });
    const found: number[][] = [];
    axes[0]!.forEach((x, i) => {
      axes[1]!.forEach((y, j) => {
        axes[2]!.forEach((z, k) => {
          // Corners and face middles are the points with an even sum of steps.
          if ((i + j + k) % 2 || Math.min(x, y, z) < -margin * half) return;
          found.push([x, y, z].map(clamp));
        });
      });
    });
    return found;
  };
  let side = 1;
  while (side ** 3 < K) side++;
  let [narrow, wide] = [170 / side, 800 / side];
  for (let step = 0; step < 12; step++) {
    const middle = (narrow + wide) / 2;
    if (points(middle).length >= K) narrow = middle;
    else wide = middle;
  }
  const room = (p: number[]) => Math.min(...pins.map((q) => p.reduce((sum, v, d) => sum + (v - q[d]!) ** 2, 0)));
  const chosen = points(narrow).sort((p, q) => room(q) - room(p));
  return Float64Array.from([...pins, ...chosen.slice(0, K)].flat());
}

/** A value of the RGB cube. */
export const clamp = (v: number) => Math.min(255, Math.max(0, v));

/**
 * Moves the points after the pins in place; returns the smallest weighted distance reached (and a hundredth of the
 * smallest without pins). Every pair nearer than a little more than the smallest distance is pushed apart, the "little"
 * shrinking to nothing. Only + − × ÷ √ are used: every machine finds the same.
 */
export function relax(points: Float64Array, { pins, project, weight, iterations }: RelaxOptions): number {
  const n = points.length;
  const first = 3 * pins;
  const at = Float64Array.from(points);
  const move = new Float64Array(n);

  const distance = (i: number, j: number) => {
    const x = at[i]! - at[j]!;
    const y = at[i + 1]! - at[j + 1]!;
    const z = at[i + 2]! - at[j + 2]!;
    return Math.sqrt(x * x + y * y + z * z);
  };
  // Triples (i, j < i, weight) of pairs not much farther apart than the nearest: only they matter before the next look.
  const pairs = new Float64Array((n * n) / 6);
  let [used, smallest, nearest, best, slack] = [0, 0, 0, 0, 0.4];
  const look = (reach: number) => {
    used = 0;
    smallest = nearest = 1e9;
    for (let i = 3; i < n; i += 3) {
      for (let j = 0; j < i; j += 3) {
        const w = weight ? weight(i / 3, j / 3) : 1;
        const d = distance(i, j) / w;
        if (d < smallest) smallest = d;
        // Where the pins alone limit the smallest distance, classes far from each other are better.
        if (j >= first && d < nearest) nearest = d;
        if (d < reach) {
          pairs[used++] = i;
          pairs[used++] = j;
          pairs[used++] = w;
        }
      }
    }
  };
  look(1e9);
  for (let turn = 0; turn <= iterations; turn++) {
    if (turn % 6 === 0) {
      look(smallest * (1.5 + slack));
      const score = smallest + nearest / 100;
      if (score > best) {
        best = score;
        points.set(at);
      }
      slack = Math.max(0.0003, slack * 0.87);
    }
    smallest = 1e9;
    for (let u = 0; u < used; u += 3) smallest = Math.min(smallest, distance(pairs[u]!, pairs[u + 1]!) / pairs[u + 2]!);
    move.fill(0);
    for (let u = 0; u < used; u += 3) {
      const [i, j] = [pairs[u]!, pairs[u + 1]!];
      const d = distance(i, j);
      const push = (smallest * (1 + slack) * pairs[u + 2]!) / (d || 1) - 1;
      for (let c = 0; c < 3 && push > 0; c++) {
        const step = push * (j < first ? 0.7 : 0.35) * (at[i + c]! - at[j + c]!);
        move[i + c]! += step;
        move[j + c]! -= step;
      }
    }
    for (let i = first; i < n; i++) {
      at[i] = project ? at[i]! + move[i]! : clamp(at[i]! + move[i]!);
      if (project && i % 3 === 2) project(at, i - 2);
    }
  }
  return best;
}
