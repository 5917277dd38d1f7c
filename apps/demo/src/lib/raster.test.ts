import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { fillRegion, paintDisc, paintLine } from './raster.js';

const empty = (width: number, height: number) => ({ data: new Uint8Array(width * height), width, height });

test('a disc is the pixels within its radius, also at the border', () => {
  for (const [x, y, radius] of [
    [5, 4, 0],
    [5, 4, 3],
    [0, 0, 4],
    [9.5, 7.2, 2.5],
    [-3, 20, 2],
  ] as const) {
    const map = empty(10, 8);
    paintDisc(map, { x, y }, radius, 7);
    const expected = map.data.map((_, i) =>
      ((i % 10) - x) ** 2 + (Math.floor(i / 10) - y) ** 2 <= radius ** 2 ? 7 : 0,
    );
    expect([...map.data]).toEqual([...expected]);
  }
});

test('a stroke has no gaps', () => {
  const map = empty(40, 40);
  paintLine(map, { x: 1, y: 2 }, { x: 38, y: 31 }, 0.8, 1);
  const columns = Array.from({ length: 38 }, (_, i) => i + 1);
  expect(columns.every((x) => map.data.some((label, i) => label === 1 && i % 40 === x))).toBe(true);
});

test.prop([fc.array(fc.nat(1), { minLength: 30, maxLength: 30 }), fc.nat(5), fc.nat(4)])(
  'fill reaches exactly the region',
  (cells, x, y) => {
    const map = { data: Uint8Array.from(cells), width: 6, height: 5 };
    const before = map.data.slice();
    const reached = new Set([y * 6 + x]);
    for (let grew = true; grew; ) {
      grew = false;
      for (const i of [...reached])
        for (const [j, beside] of [
          [i - 1, i % 6 > 0],
          [i + 1, i % 6 < 5],
          [i - 6, i > 5],
          [i + 6, i < 24],
        ] as const)
          if (beside && before[j] === before[i] && !reached.has(j)) {
            reached.add(j);
            grew = true;
          }
    }
    expect(fillRegion(map, { x, y }, 9)).toBe(reached.size);
    expect([...map.data]).toEqual([...before].map((label, i) => (reached.has(i) ? 9 : label)));
    expect(fillRegion(map, { x, y }, 9)).toBe(0);
  },
);
