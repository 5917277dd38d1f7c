import { readFileSync } from 'node:fs';
import { fc, test } from '@fast-check/vitest';
import { harmonicMean } from '@gss/metrics';
import { expect } from 'vitest';

const golden = JSON.parse(readFileSync(new URL('../fixtures/metrics.json', import.meta.url), 'utf8')) as {
  harmonic_mean: Record<string, { values: number[]; harmonic_mean: number }>;
};

test.each(Object.entries(golden.harmonic_mean))('harmonicMean of %s equals numpy', (_, { values, harmonic_mean }) => {
  expect(Math.abs(harmonicMean(values) - harmonic_mean)).toBeLessThanOrEqual(1e-9);
});

test('harmonicMean gives the printed figures of Table 6', () => {
  const rows: [number[], number][] = [
    [[70.7, 42.7, 83.3, 62.0, 67.0, 48.2], 59.2],
    [[63.8, 39.6, 73.9, 60.9, 65.1, 43.5], 54.9],
    [[78.7, 47.5, 75.1, 66.1, 68.1, 49.0], 61.7],
    [[69.4, 57.5, 39.9, 33.5], 46.1],
  ];
  for (const [values, printed] of rows) expect(harmonicMean(values).toFixed(1)).toBe(printed.toFixed(1));
});

test.prop([fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 10 })])(
  'harmonicMean lies between the least value and the arithmetic mean',
  (values) => {
    const h = harmonicMean(values);
    expect(h).toBeGreaterThanOrEqual(Math.min(...values) * (1 - 1e-12));
    expect(h).toBeLessThanOrEqual((values.reduce((a, b) => a + b) / values.length) * (1 + 1e-12));
  },
);

test('harmonicMean is 0 with a 0 and refuses what has no mean', () => {
  expect(harmonicMean([0, 50])).toBe(0);
  expect(() => harmonicMean([])).toThrow('harmonicMean: expected at least one value, got none');
  expect(() => harmonicMean([50, Number.NaN])).toThrow('harmonicMean: value 1 is NaN');
  expect(() => harmonicMean([-1])).toThrow('harmonicMean: value 0 is -1');
});
