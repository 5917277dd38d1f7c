import { type Colors, nearestColor, squaredDistance } from './colors.js';
import { cellCount, settleBlock } from './partition.js';

/** Number of the nearest colour of any real point. */
export type Nearest = (r: number, g: number, b: number) => number;

/**
 * The general decoder: a list of candidates for each cell of the colour cube. For any number of colours, for values that
 * are not integers, and where WebAssembly is not to be had.
 */
export function listDecoder(colors: Colors): Nearest {
  const { rgb } = colors;
  const starts = new Int32Array(cellCount).fill(-1);
  let pool = new Uint16Array(1 << 15);
  let used = 0;
  const settle = (cell: number, candidates: Uint16Array, count: number) => {
    if (used + count + 1 > pool.length) {
      const larger = new Uint16Array(Math.max(2 * pool.length, used + count + 1));
      larger.set(pool);
      pool = larger;
    }
    starts[cell] = used;
    pool[used] = count;
    pool.set(candidates.subarray(0, count), used + 1);
    used += count + 1;
  };

  return (r, g, b) => {
    if (!(r >= 0 && r < 256 && g >= 0 && g < 256 && b >= 0 && b < 256)) return nearestColor(colors, r, g, b);
    const cell = (r >> 2) * 4096 + (g >> 2) * 64 + (b >> 2);
    if (starts[cell] === -1) settleBlock(colors, r, g, b, true, settle);
    const start = starts[cell]!;
    const count = pool[start]!;
    let best = pool[start + 1]!;
    if (count === 1) return best;
    let least = squaredDistance(rgb, best, r, g, b);
    for (let i = 2; i <= count; i++) {
      const k = pool[start + i]!;
      const d = squaredDistance(rgb, k, r, g, b);
      if (d < least) {
        least = d;
        best = k;
      }
    }
    return best;
  };
}
