import { expect, test } from 'vitest';
import { cosineSchedule, polySchedule } from './index.js';

test('the cosine falls from base over the middle to min, and stays there', () => {
  const rate = cosineSchedule({ base: 1, total: 100, min: 0.2 });
  expect([0, 50, 100, 150].map((i) => Math.round(rate(i) * 1e9) / 1e9)).toEqual([1, 0.6, 0.2, 0.2]);
  expect(rate(25)).toBeCloseTo(0.2 + (0.8 * (1 + Math.SQRT1_2)) / 2, 12);
});

test('warm-up multiplies whatever schedule by the same factor', () => {
  for (const kind of ['linear', 'constant', 'exp'] as const) {
    const warmup = { kind, iterations: 10, ratio: 0.1 };
    const factor = (i: number) =>
      polySchedule({ base: 2, total: 100, warmup })(i) / polySchedule({ base: 2, total: 100 })(i);
    const cosine = (i: number) =>
      cosineSchedule({ base: 2, total: 100, warmup })(i) / cosineSchedule({ base: 2, total: 100 })(i);
    for (const i of [0, 3, 9, 10, 40]) expect(cosine(i)).toBeCloseTo(factor(i), 12);
    expect(factor(0)).toBeCloseTo(0.1, 12);
    expect(factor(10)).toBe(1);
  }
});
