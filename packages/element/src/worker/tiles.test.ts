import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import type { Region } from './pixels.js';
import { joinTokens, place, planTiles } from './tiles.js';

const side = fc.integer({ min: 1, max: 3000 });
const inside = (a: Region, b: Region) => a.x >= b.x && a.y >= b.y && a.x + a.w <= b.x + b.w && a.y + a.h <= b.y + b.h;
const apart = (a: Region, b: Region) => a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;

test.prop([side, side])('kept parts cover every pixel once, inside their windows', (width, height) => {
  const tiles = planTiles(width, height);
  const whole = { x: 0, y: 0, w: width, h: height };
  for (const { window, keep } of tiles) {
    expect(inside(keep, window) && inside(window, whole)).toBe(true);
    expect(Math.max(window.w, window.h)).toBeLessThanOrEqual(672);
  }
  for (const [i, a] of tiles.entries()) for (const b of tiles.slice(i + 1)) expect(apart(a.keep, b.keep)).toBe(true);
  expect(tiles.reduce((sum, { keep }) => sum + keep.w * keep.h, 0)).toBe(width * height);
});

test.prop([side, side, fc.constantFrom(4, 8, 16)], { numRuns: 20 })(
  'maps of windows join to the map of the picture',
  (width, height, size) => {
    const cells = (pixels: number) => Math.ceil(pixels / size);
    const parts = planTiles(width, height).map((tile) => {
      const { x, y, w, h } = tile.window;
      const data = new Int32Array(cells(w) * cells(h));
      for (let i = 0; i < data.length; i++)
        data[i] = (y / size + Math.floor(i / cells(w))) * cells(width) + x / size + (i % cells(w));
      return { tile, tokens: { data, width: cells(w), height: cells(h) } };
    });
    const joined = joinTokens(parts, width, height, size);
    expect(joined).toMatchObject({ width: cells(width), height: cells(height) });
    expect(joined!.data.every((value, i) => value === i)).toBe(true);
  },
);

test('several values a pixel are placed together', () => {
  const tile = { window: { x: 0, y: 0, w: 2, h: 1 }, keep: { x: 1, y: 0, w: 1, h: 1 } };
  const target = { data: new Uint8Array(6), width: 2 };
  place(target, { data: Uint8Array.of(1, 2, 3, 4, 5, 6), width: 2 }, tile, 3);
  expect([...target.data]).toEqual([0, 0, 0, 4, 5, 6]);
});

test('tokens that do not fall together are not joined', () => {
  const [tile] = planTiles(100, 100);
  const tokens = { data: new Int32Array(4), width: 2, height: 2 };
  expect(joinTokens([{ tile: tile!, tokens }], 100, 100, 4)).toBeUndefined();
  expect(joinTokens([], 100, 100, 5)).toBeUndefined();
});
