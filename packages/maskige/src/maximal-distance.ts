import type { Palette, Rgb } from './types.js';

/** K colours far apart from each other, from black (unlabelled) and from grey. */
export function maximalDistancePalette(K: number): Palette {
  if (!Number.isInteger(K) || K < 1 || K > 65535) {
    throw new RangeError(`maximalDistancePalette: K must be an integer in 1..65535, got ${K}.`);
  }
  const n = Math.ceil(Math.cbrt(K + 2)) + 1;
  const grid: Rgb[] = [];
  for (let i = 0; i < n ** 3; i++) {
    const at = (v: number) => Math.round(((v % n) * 255) / (n - 1));
    grid.push([at(Math.floor(i / n / n)), at(Math.floor(i / n)), at(i)]);
  }
  const nearest = new Float64Array(grid.length).fill(Number.POSITIVE_INFINITY);
  const chosen: Rgb[] = [];
  let next: Rgb = [0, 0, 0];
  let pinned = 2;
  while (chosen.length < K) {
    if (pinned > 0) next = pinned-- === 2 ? [0, 0, 0] : [128, 128, 128];
    else chosen.push(next);
    let best = 0;
    for (let i = 0; i < grid.length; i++) {
      const c = grid[i]!;
      const d = (c[0] - next[0]) ** 2 + (c[1] - next[1]) ** 2 + (c[2] - next[2]) ** 2;
      if (d < nearest[i]!) nearest[i] = d;
      if (nearest[i]! > nearest[best]!) best = i;
    }
    next = grid[best]!;
  }
  return chosen;
}
