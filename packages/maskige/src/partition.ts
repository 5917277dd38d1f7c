import type { Colors } from './colors.js';

/**
 * The colour cube in 64³ cells of 4³ values. Cell (r >> 2) << 12 | (g >> 2) << 6 | b >> 2.
 * Cells are settled in blocks of 8³ cells (32³ values) when a pixel first falls into them.
 */
export const cellCount = 64 ** 3;

/** Receives the colours, ascending, that can be nearest somewhere in a cell. */
export type Settle = (cell: number, candidates: Uint16Array, count: number) => void;

/**
 * Settles the block that holds colour (r, g, b). Halving the box from 32 to 4, a colour is dropped as soon as another is
 * nearer in the whole box: the difference of two squared distances is affine, so its least value is known exactly.
 *
 * @param whole true: the candidates hold for every real point of a cell; false: for its integer points, which are fewer.
 */
export function settleBlock(colors: Colors, r: number, g: number, b: number, whole: boolean, settle: Settle): void {
  const { count, rgb } = colors;
  const lists = [32, 16, 8, 4].map(() => new Uint16Array(count));
  const distances = new Int32Array(count);
  const all = Uint16Array.from({ length: count }, (_, k) => k);

  const visit = (
    x: number,
    y: number,
    z: number,
    size: number,
    from: Uint16Array,
    fromCount: number,
    depth: number,
  ) => {
    const list = lists[depth]!;
    const found = fromCount === 1 ? 1 : filter(x, y, z, size, from, fromCount, list);
    if (fromCount === 1) list[0] = from[0]!;
    if (size === 4) {
      settle((x >> 2) * 4096 + (y >> 2) * 64 + (z >> 2), list, found);
      return;
    }
    const half = size >> 1;
    for (let i = 0; i < 8; i++) {
      visit(x + (i >> 2) * half, y + ((i >> 1) & 1) * half, z + (i & 1) * half, half, list, found, depth + 1);
    }
  };

  // Everything is multiplied by 4, so that the centre of a box is an integer.
  const filter = (x: number, y: number, z: number, size: number, from: Uint16Array, n: number, to: Uint16Array) => {
    const extent = whole ? size : size - 1;
    const [cx, cy, cz] = [2 * x + extent, 2 * y + extent, 2 * z + extent];
    let near = 0;
    for (let i = 0; i < n; i++) {
      const k = 3 * from[i]!;
      const [dx, dy, dz] = [2 * rgb[k]! - cx, 2 * rgb[k + 1]! - cy, 2 * rgb[k + 2]! - cz];
      distances[i] = dx * dx + dy * dy + dz * dz;
      if (distances[i]! < distances[near]!) near = i;
    }
    const beats = (j: number, i: number) => {
      const [a, c] = [3 * from[j]!, 3 * from[i]!];
      const reach =
        Math.abs(rgb[a]! - rgb[c]!) + Math.abs(rgb[a + 1]! - rgb[c + 1]!) + Math.abs(rgb[a + 2]! - rgb[c + 2]!);
      const least = distances[i]! - distances[j]! - 4 * extent * reach;
      return least > 0 || (least === 0 && j < i);
    };
    let kept = 0;
    for (let i = 0; i < n; i++) {
      if (i !== near && beats(near, i)) continue;
      to[kept++] = i;
    }
    if (kept > 2 && size <= 8) kept = filterPairs(to, kept, beats);
    for (let i = 0; i < kept; i++) to[i] = from[to[i]!]!;
    return kept;
  };

  const corner = (v: number) => Math.floor(v) & ~31;
  visit(corner(r), corner(g), corner(b), 32, all, count, 0);
}

/** Drops those beaten by any other of the list; a beaten one still beats rightly (the relation is transitive). */
function filterPairs(list: Uint16Array, n: number, beats: (j: number, i: number) => boolean): number {
  let kept = 0;
  for (let u = 0; u < n; u++) {
    let beaten = false;
    for (let v = 0; v < n && !beaten; v++) beaten = v !== u && beats(list[v]!, list[u]!);
    if (!beaten) scratch[kept++] = list[u]!;
    if (kept === scratch.length) return n;
  }
  list.set(scratch.subarray(0, kept));
  return kept;
}
const scratch = new Uint16Array(64);
