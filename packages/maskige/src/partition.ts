import type { Colors } from './colors.js';

/**
 * The colour cube in 64³ cells of 4³ values. Cell (r >> 2) << 12 | (g >> 2) << 6 | b >> 2.
 * Cells are settled in blocks of 8³ cells (32³ values) when a pixel first falls into them.
 */
export const cellCount = 64 ** 3;

/** Receives a cube of side³ cells, from its first cell, and the colours, ascending, that can be nearest in it. */
export type Settle = (cell: number, side: number, candidates: Uint16Array, count: number) => void;

/** Settles the block that holds the colour (r, g, b). */
export type SettleBlock = (r: number, g: number, b: number) => void;

/**
 * Halving the box from 32 to 4, a colour is dropped as soon as another is nearer in the whole box: the difference of two
 * squared distances is affine, so that its least value in a box is known exactly.
 *
 * @param whole true: the candidates hold for every real point of a cell; false: for its integer points, which are fewer.
 * @param rank 1: candidates for the nearest colour; 2: also for the second nearest.
 */
export function partition({ count, rgb }: Colors, whole: boolean, rank: 1 | 2, settle: Settle): SettleBlock {
  const all = Uint16Array.from({ length: count }, (_, k) => k);
  const lists = [0, 1, 2, 3].map(() => new Uint16Array(count));
  const places = new Uint16Array(count);
  const distances = new Int32Array(count);

  /** Is colour j nearer than colour i in a whole box? Given their distances from its centre, all multiplied by 4. */
  const beats = (j: number, dj: number, i: number, di: number, extent: number) => {
    const [a, c] = [3 * j, 3 * i];
    const reach =
      Math.abs(rgb[a]! - rgb[c]!) + Math.abs(rgb[a + 1]! - rgb[c + 1]!) + Math.abs(rgb[a + 2]! - rgb[c + 2]!);
    const least = di - dj - 4 * extent * reach;
    return least > 0 || (least === 0 && j < i);
  };

  const visit = (x: number, y: number, z: number, size: number, from: Uint16Array, n: number, depth: number) => {
    const extent = whole ? size : size - 1;
    const [cx, cy, cz] = [2 * x + extent, 2 * y + extent, 2 * z + extent]; // the centre, doubled
    let [near, next, dNear, dNext] = [0, 0, 2 ** 30, 2 ** 30];
    for (let u = 0; u < n; u++) {
      const k = 3 * from[u]!;
      const dx = 2 * rgb[k]! - cx;
      const dy = 2 * rgb[k + 1]! - cy;
      const dz = 2 * rgb[k + 2]! - cz;
      const d = dx * dx + dy * dy + dz * dz;
      distances[u] = d;
      if (d < dNear) {
        [next, dNext] = [near, dNear];
        [near, dNear] = [u, d];
      } else if (d < dNext) [next, dNext] = [u, d];
    }
    let m = 0;
    for (let u = 0; u < n; u++) {
      const beaten =
        u !== near &&
        beats(from[near]!, dNear, from[u]!, distances[u]!, extent) &&
        (rank === 1 || (u !== next && beats(from[next]!, dNext, from[u]!, distances[u]!, extent)));
      if (!beaten) places[m++] = u;
    }
    const list = lists[depth]!;
    let kept = 0;
    for (let u = 0; u < m; u++) {
      const [i, di] = [from[places[u]!]!, distances[places[u]!]!];
      let beaten = 0;
      // Pair by pair only in small boxes, where it is cheap and pays. Those found beaten still beat: it is transitive.
      if (m > rank + 1 && size <= 8) {
        for (let v = 0; v < m && beaten < rank; v++) {
          if (v !== u && beats(from[places[v]!]!, distances[places[v]!]!, i, di, extent)) beaten++;
        }
      }
      if (beaten < rank) list[kept++] = i;
    }
    if (size === 4 || kept === 1) return settle((x >> 2) * 4096 + (y >> 2) * 64 + (z >> 2), size >> 2, list, kept);
    const half = size >> 1;
    for (let i = 0; i < 8; i++) {
      visit(x + (i >> 2) * half, y + ((i >> 1) & 1) * half, z + (i & 1) * half, half, list, kept, depth + 1);
    }
  };

  return (r, g, b) => visit(r & ~31, g & ~31, b & ~31, 32, all, count, 0);
}

/** Writes the same entry into a cube of cells. */
export function fillCells(cells: Uint16Array | Int32Array, first: number, side: number, entry: number): void {
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      const at = first + i * 4096 + j * 64;
      if (side === 1) cells[at] = entry;
      else cells.fill(entry, at, at + side);
    }
  }
}
