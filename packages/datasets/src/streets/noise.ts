import { createRandom } from '../random.js';

/** Side of the noise tiles: a power of two, so that `& noiseMask` wraps. */
export const noiseSize = 256;
export const noiseMask = noiseSize - 1;

interface NoiseTiles {
  readonly fine: Float32Array;
  readonly soft: Float32Array;
  readonly grain: Float32Array;
}

let tiles: NoiseTiles | undefined;

/** Tiles of 256×256 that repeat without a seam: `fine` is white, `soft` is cloudy (fractal), both -1..1; `grain` is normal. Made at first use. */
export function noiseTiles(): NoiseTiles {
  tiles ??= makeTiles();
  return tiles;
}

function makeTiles(): NoiseTiles {
  const random = createRandom(20230617);
  const fine = Float32Array.from({ length: noiseSize ** 2 }, () => random.range(-1, 1));
  const grain = Float32Array.from({ length: noiseSize ** 2 }, () => random.normal());
  const soft = new Float32Array(noiseSize ** 2);
  for (const [cells, weight] of [
    [4, 0.5],
    [8, 0.27],
    [16, 0.15],
    [32, 0.1],
    [64, 0.06],
  ] as const) {
    const grid = Float32Array.from({ length: cells * cells }, () => random.range(-1, 1));
    addSmooth(soft, grid, cells, weight);
  }
  let top = 0;
  for (const v of soft) top = Math.max(top, Math.abs(v));
  for (let i = 0; i < soft.length; i++) soft[i]! /= top;
  return { fine, soft, grain };
}

function addSmooth(out: Float32Array, grid: Float32Array, cells: number, weight: number): void {
  const step = noiseSize / cells;
  const ease = (t: number) => t * t * (3 - 2 * t);
  for (let y = 0; y < noiseSize; y++) {
    const gy = Math.floor(y / step);
    const ty = ease(y / step - gy);
    const row0 = gy * cells;
    const row1 = ((gy + 1) % cells) * cells;
    for (let x = 0; x < noiseSize; x++) {
      const gx = Math.floor(x / step);
      const tx = ease(x / step - gx);
      const right = (gx + 1) % cells;
      const upper = grid[row0 + gx]! * (1 - tx) + grid[row0 + right]! * tx;
      const lower = grid[row1 + gx]! * (1 - tx) + grid[row1 + right]! * tx;
      out[y * noiseSize + x]! += weight * (upper * (1 - ty) + lower * ty);
    }
  }
}
