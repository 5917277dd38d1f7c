import { type Colors, nearestColor } from './colors.js';
import { cellCount, cellOf, fillCells, partition } from './partition.js';

/** Number of the nearest colour of any real point. */
export type Nearest = (r: number, g: number, b: number) => number;

/**
 * The general decoder: a list of candidates for each cell of the colour cube. For any number of colours, for values that
 * are not integers, and where WebAssembly is not to be had.
 */
export function listDecoder(colors: Colors): Nearest {
  const starts = new Int32Array(cellCount).fill(-1);
  const pool: number[] = [];
  const settle = partition(colors, true, (cell, side, candidates, count) => {
    fillCells(starts, cell, side, pool.length);
    pool.push(count);
    for (let i = 0; i < count; i++) pool.push(candidates[i]!);
  });
  return (r, g, b) => {
    // Outside the cube there are no cells.
    if (Math.min(r, g, b) < 0 || Math.max(r, g, b) >= 256) return nearestColor(colors, r, g, b);
    const cell = cellOf(r, g, b);
    if (starts[cell]! < 0) settle(r, g, b);
    const start = starts[cell]! + 1;
    return nearestColor(colors, r, g, b, pool, start, start + pool[start - 1]!);
  };
}
