import { type Colors, nearestColor, squaredDistance } from './colors.js';
import { cellCount, fillCells, partition } from './partition.js';

/** Number of the nearest colour of any real point. */
export type Nearest = (r: number, g: number, b: number) => number;

/** Candidates of the cells of the colour cube: `pool[start]` of them follow `start`. */
export interface CellLists {
  /** Start of the list for a colour with channels in [0, 256). */
  start(r: number, g: number, b: number): number;
  pool: Uint16Array;
}

/** Lists of the colours that can be nearest (rank 1) or one of the two nearest (rank 2) at some real point of a cell. */
export function cellLists(colors: Colors, rank: 1 | 2): CellLists {
  const starts = new Int32Array(cellCount).fill(-1);
  let used = 0;
  const lists: CellLists = {
    pool: new Uint16Array(1 << 15),
    start(r, g, b) {
      const cell = (r >> 2) * 4096 + (g >> 2) * 64 + (b >> 2);
      if (starts[cell] === -1) settle(r, g, b);
      return starts[cell]!;
    },
  };
  const settle = partition(colors, true, rank, (cell, side, candidates, count) => {
    if (used + count + 1 > lists.pool.length) {
      const larger = new Uint16Array(2 * lists.pool.length + count);
      larger.set(lists.pool);
      lists.pool = larger;
    }
    fillCells(starts, cell, side, used);
    lists.pool[used] = count;
    lists.pool.set(candidates.subarray(0, count), used + 1);
    used += count + 1;
  });
  return lists;
}

/** True for a point of the colour cube; others are compared with all colours. */
export const inCube = (r: number, g: number, b: number): boolean =>
  r >= 0 && r < 256 && g >= 0 && g < 256 && b >= 0 && b < 256;

/**
 * The general decoder: for any number of colours, for values that are not integers, and where WebAssembly is not to be had.
 */
export function listDecoder(colors: Colors): Nearest {
  const { rgb } = colors;
  const lists = cellLists(colors, 1);
  return (r, g, b) => {
    if (!inCube(r, g, b)) return nearestColor(colors, r, g, b);
    const start = lists.start(r, g, b);
    const { pool } = lists;
    const end = start + pool[start]!;
    let best = pool[start + 1]!;
    if (end === start + 1) return best;
    let least = squaredDistance(rgb, best, r, g, b);
    for (let i = start + 2; i <= end; i++) {
      const k = pool[i]!;
      const d = squaredDistance(rgb, k, r, g, b);
      if (d < least) {
        least = d;
        best = k;
      }
    }
    return best;
  };
}
