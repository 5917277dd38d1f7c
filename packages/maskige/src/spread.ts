import { uniform } from './random.js';

/** Coordinates in which distances are measured, and the way back to RGB (0..255, not rounded). */
export interface ColorSpace {
  readonly name: string;
  fromRgb(r: number, g: number, b: number): readonly [number, number, number];
  toRgb(x: number, y: number, z: number): readonly [number, number, number];
}

export interface SpreadOptions {
  readonly seed: number;
  /** Points that stay where they are, RGB, before the K others. */
  readonly pins: readonly (readonly number[])[];
  /** Default: RGB itself. */
  readonly space?: ColorSpace | undefined;
  /** How many times as far apart points i and j shall be as others (1 or more); indices include the pins. */
  readonly weight?: ((i: number, j: number) => number) | undefined;
  readonly starts: number;
  readonly iterations: number;
}

/**
 * K points of the RGB cube with a large smallest distance, after the pins: [3 (pins + K)].
 * Each start is a face-centred cubic lattice cut by the cube; then every pair nearer than a little more than the smallest
 * distance is pushed apart, the "little" shrinking to nothing. Only + − × ÷ √ are used, so results do not depend on the machine.
 */
export function spread(K: number, options: SpreadOptions): Float64Array {
  const { pins, starts } = options;
  let best: Float64Array = new Float64Array();
  let largest = -1;
  for (let start = 0; start < starts; start++) {
    const points = latticePoints(K, pins, uniform(options.seed + start), 0.15);
    // With few colours the pins alone limit the smallest distance: then prefer classes far from each other.
    const distance = relax(points, options) + 0.01 * smallestAfter(points, pins.length);
    if (distance > largest) {
      largest = distance;
      best = points;
    }
  }
  return best;
}

/** The smallest distance in RGB between points after the pins. */
function smallestAfter(points: Float64Array, pins: number): number {
  let least = 442;
  for (let i = 3 * pins; i < points.length; i += 3) {
    for (let j = 3 * pins; j < i; j += 3) {
      const [x, y, z] = [0, 1, 2].map((c) => points[i + c]! - points[j + c]!);
      least = Math.min(least, Math.sqrt(x! * x! + y! * y! + z! * z!));
    }
  }
  return least;
}

/**
 * The pins and K points of a face-centred cubic lattice in a random place, as wide as it can be. Points a little outside
 * the cube (`margin`, in cells) are put on its wall.
 */
export function latticePoints(
  K: number,
  pins: SpreadOptions['pins'],
  random: () => number,
  margin: number,
): Float64Array {
  const shift = [random(), random(), random()];
  /** Coordinates along one axis, in the cube: of corners (half = 0) or of face middles (half = 0.5). */
  const axis = (a: number, d: number, half: number) => {
    const found: number[] = [];
    for (let v = (shift[d]! + half - 2) * a; v <= 255 + margin * a; v += a) {
      if (v >= -margin * a) found.push(Math.min(255, Math.max(0, v)));
    }
    return found;
  };
  /** The lattice as four boxes of coordinates: corners, and the middles of the three kinds of faces. */
  const boxes = (a: number) =>
    [0, 1, 2, 3].map((kind) => [0, 1, 2].map((d) => axis(a, d, kind && kind !== d + 1 ? 0.5 : 0)));
  const size = (a: number) => boxes(a).reduce((sum, [x, y, z]) => sum + x!.length * y!.length * z!.length, 0);
  let [narrow, wide] = [2, 800];
  for (let step = 0; step < 30; step++) {
    const middle = (narrow + wide) / 2;
    if (size(middle) >= K) narrow = middle;
    else wide = middle;
  }
  const points = boxes(narrow).flatMap(([xs, ys, zs]) =>
    xs!.flatMap((x) => ys!.flatMap((y) => zs!.map((z) => [x, y, z]))),
  );
  const room = (p: number[]) => Math.min(1e9, ...pins.map((q) => p.reduce((sum, v, d) => sum + (v - q[d]!) ** 2, 0)));
  const chosen = points.map((p) => ({ p, room: room(p) })).sort((s, t) => t.room - s.room);
  return Float64Array.from([...pins, ...chosen.slice(0, K).map(({ p }) => p)].flat());
}

/** Moves the points after the pins in place; returns the smallest weighted distance reached. */
export function relax(points: Float64Array, options: Omit<SpreadOptions, 'seed' | 'starts'>): number {
  const { pins, space, weight, iterations } = options;
  const n = points.length / 3;
  const first = 3 * pins.length;
  const at = Float64Array.from(points);
  const move = new Float64Array(3 * n);
  const rgb = Float64Array.from(points);
  /** Back into the cube; `at` and `rgb` are the same points in the two spaces. */
  const clamp = () => {
    for (let i = first; i < 3 * n && space; i += 3) rgb.set(space.toRgb(at[i]!, at[i + 1]!, at[i + 2]!), i);
    for (let i = first; i < 3 * n; i++) rgb[i] = Math.min(255, Math.max(0, space ? rgb[i]! : at[i]!));
    for (let i = 0; i < 3 * n && space; i += 3) at.set(space.fromRgb(rgb[i]!, rgb[i + 1]!, rgb[i + 2]!), i);
    if (!space) at.set(rgb);
  };
  clamp();

  const distance = (i: number, j: number) => {
    const x = at[3 * i]! - at[3 * j]!;
    const y = at[3 * i + 1]! - at[3 * j + 1]!;
    const z = at[3 * i + 2]! - at[3 * j + 2]!;
    return Math.sqrt(x * x + y * y + z * z);
  };
  // Pairs (i, j < i, weight) not much farther apart than the nearest: only they can matter before the next look.
  const pairs = new Float64Array((3 * n * (n - 1)) / 2);
  const findPairs = (reach: number) => {
    let used = 0;
    for (let i = 1; i < n; i++) {
      for (let j = 0; j < i; j++) {
        const w = weight ? weight(i, j) : 1;
        if (distance(i, j) >= reach * w) continue;
        pairs[used++] = i;
        pairs[used++] = j;
        pairs[used++] = w;
      }
    }
    return used;
  };
  const smallestOf = (used: number) => {
    let smallest = 1e9;
    for (let u = 0; u < used; u += 3) smallest = Math.min(smallest, distance(pairs[u]!, pairs[u + 1]!) / pairs[u + 2]!);
    return smallest;
  };

  let best = 0;
  let slack = 0.4;
  let used = findPairs(1e9);
  for (let turn = 0; turn <= iterations; turn++) {
    let smallest = smallestOf(used);
    if (turn % 6 === 0) {
      // Whatever came near since the last look lies within the reach of this one, and so does the nearest pair.
      used = findPairs(smallest * (1.3 + slack));
      smallest = smallestOf(used);
      if (smallest > best) {
        best = smallest;
        points.set(rgb);
      }
      slack = Math.max(0.0003, slack * 0.87);
    }
    move.fill(0);
    for (let u = 0; u < used; u += 3) {
      const [i, j] = [pairs[u]!, pairs[u + 1]!];
      const wanted = smallest * (1 + slack) * pairs[u + 2]!;
      const d = distance(i, j);
      if (d >= wanted) continue;
      const push = ((wanted - d) / (d || 1)) * (3 * j < first ? 0.7 : 0.35);
      for (let c = 0; c < 3; c++) {
        const step = push * (d ? at[3 * i + c]! - at[3 * j + c]! : c + 1);
        move[3 * i + c]! += step;
        move[3 * j + c]! -= step;
      }
    }
    for (let i = first; i < 3 * n; i++) at[i]! += move[i]!;
    clamp();
  }
  return best;
}
