import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { joinTokens, place, planTiles } from './tiles.js';

const side = fc.integer({ min: 1, max: 3000 });

test.prop([side, side])(
  'kept parts cover every pixel once, inside their windows',
  (width, height) => {
    const counts = new Uint8Array(width * height);
    for (const { window, keep } of planTiles(width, height)) {
      expect(keep.x).toBeGreaterThanOrEqual(window.x);
      expect(keep.y).toBeGreaterThanOrEqual(window.y);
      expect(keep.x + keep.w).toBeLessThanOrEqual(window.x + window.w);
      expect(keep.y + keep.h).toBeLessThanOrEqual(window.y + window.h);
      expect(window.w * window.h).toBeLessThanOrEqual(672 * 672);
      for (let y = keep.y; y < keep.y + keep.h; y++)
        for (let x = keep.x; x < keep.x + keep.w; x++) counts[y * width + x]! += 1;
    }
    expect(counts.every((count) => count === 1)).toBe(true);
  },
  20_000,
);

test.prop([side, side, fc.constantFrom(4, 8, 16)])(
  'maps of windows join to the map of the picture',
  (width, height, size) => {
    const cells = (pixels: number) => Math.ceil(pixels / size);
    const at = (x: number, y: number) => y * cells(width) + x;
    const parts = planTiles(width, height).map((tile) => {
      const { x, y, w, h } = tile.window;
      const data = new Int32Array(cells(w) * cells(h));
      for (let i = 0; i < data.length; i++)
        data[i] = at(x / size + (i % cells(w)), y / size + Math.floor(i / cells(w)));
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
  expect(
    joinTokens([{ tile: tile!, tokens: { data: new Int32Array(4), width: 2, height: 2 } }], 100, 100, 4),
  ).toBeUndefined();
  expect(joinTokens([], 100, 100, 5)).toBeUndefined();
});
