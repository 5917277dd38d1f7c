import type { TokenMap } from '../engine/api.js';
import type { Region } from './pixels.js';

/** Pictures of up to so many pixels are taken whole, unless the model has windows of its own. */
export const wholePixels = 1024 * 1024;
/** Sides of the windows of larger ones, and how far neighbours overlap: half of it is thrown away on each side. */
const windowSide = 640;
const overlap = 128;
/** Windows start at multiples of it, so that their tokens fall together; every tokenizer's squares divide it. */
const grid = 32;

/** A window, and the part of it that the picture takes. */
export interface Tile {
  readonly window: Region;
  readonly keep: Region;
}

/** Starts and ends of windows along a side, and where neighbours meet. */
function along(size: number): { start: number; end: number; from: number; to: number }[] {
  if (size <= windowSide + grid) return [{ start: 0, end: size, from: 0, to: size }];
  const stride = windowSide - overlap;
  const count = Math.ceil((size - overlap) / stride);
  const starts = Array.from({ length: count }, (_, i) =>
    Math.min(i * stride, Math.floor((size - windowSide) / grid) * grid),
  );
  return starts.map((start, i) => {
    const end = i === count - 1 ? size : start + windowSide;
    const meet = (left: number, right: number) => Math.round((left + windowSide + right) / 2 / grid) * grid;
    return {
      start,
      end,
      from: i === 0 ? 0 : meet(starts[i - 1]!, start),
      to: i === count - 1 ? size : meet(start, starts[i + 1]!),
    };
  });
}

/** Windows that cover a picture; their kept parts do not overlap. */
export function planTiles(width: number, height: number): Tile[] {
  const columns = along(width);
  return along(height).flatMap((row) =>
    columns.map((column) => ({
      window: { x: column.start, y: row.start, w: column.end - column.start, h: row.end - row.start },
      keep: { x: column.from, y: row.from, w: column.to - column.from, h: row.to - row.from },
    })),
  );
}

/** Copies the kept part of a window's map, `depth` values a pixel, into the picture's. `unit` pixels are one cell. */
export function place<T extends Uint8Array | Uint8ClampedArray | Int32Array>(
  target: { readonly data: T; readonly width: number },
  source: { readonly data: T; readonly width: number },
  { window, keep }: Tile,
  depth: number,
  unit = 1,
): void {
  const x0 = keep.x / unit;
  const x1 = Math.ceil((keep.x + keep.w) / unit);
  const y0 = keep.y / unit;
  const y1 = Math.ceil((keep.y + keep.h) / unit);
  const [left, top] = [window.x / unit, window.y / unit];
  for (let y = y0; y < y1; y++) {
    const from = ((y - top) * source.width + (x0 - left)) * depth;
    target.data.set(
      source.data.subarray(from, from + (x1 - x0) * depth) as T & ArrayLike<number>,
      (y * target.width + x0) * depth,
    );
  }
}

/** Joins token maps of windows whose tokens are `size` pixels wide, or gives up where they do not fall together. */
export function joinTokens(
  parts: readonly { readonly tile: Tile; readonly tokens: TokenMap }[],
  width: number,
  height: number,
  size: number,
): TokenMap | undefined {
  const cells = (pixels: number) => Math.ceil(pixels / size);
  if (grid % size) return undefined;
  const joined = { data: new Int32Array(cells(width) * cells(height)), width: cells(width), height: cells(height) };
  for (const { tile, tokens } of parts) {
    const { w, h } = tile.window;
    if (tokens.width !== cells(w) || tokens.height !== cells(h)) return undefined;
    place(joined, tokens, tile, 1, size);
  }
  return joined;
}
