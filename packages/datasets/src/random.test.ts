import { expect, test } from 'vitest';
import { createRandom } from './index.js';

test('a key gives one stream; keys that differ anywhere give others', () => {
  const first = (...key: number[]) => Array.from({ length: 4 }, createRandom(...key).uniform);
  expect(first(1, 2, 3)).toEqual(first(1, 2, 3));
  const keys = [[1, 2, 3], [3, 2, 1], [1, 2], [1, 2, 3, 0], [1, 2, 4], [-1, 2, 3], [1 + 2 ** 32, 2, 3], [0], []];
  expect(new Set(keys.map((key) => first(...key)[0])).size).toBe(keys.length);
});

test('numbers are spread evenly, also over keys in a row', () => {
  const counts = new Float64Array(10);
  for (let i = 0; i < 20_000; i++) counts[createRandom(7, 0, i).int(10)]!++;
  for (const n of counts) expect(Math.abs(n - 2000)).toBeLessThan(200); // about 4.7 standard deviations
  const random = createRandom(3);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < 20_000; i++) {
    const x = random.normal();
    sum += x;
    squares += x * x;
  }
  expect(Math.abs(sum / 20_000)).toBeLessThan(0.035);
  expect(Math.abs(squares / 20_000 - 1)).toBeLessThan(0.05);
});

test('the stream is pinned: data sets made from it must not change', () => {
  expect(Array.from({ length: 3 }, createRandom(1, 2, 3).uniform)).toMatchInlineSnapshot(`
    [
      0.15376642509363592,
      0.20842331345193088,
      0.02296298136934638,
    ]
  `);
});
