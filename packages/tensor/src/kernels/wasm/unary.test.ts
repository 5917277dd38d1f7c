import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { runOn } from './test-backends.js';

const inputs = Float32Array.from({ length: 40_001 }, (_, i) => (i - 20_000) / 200);

test('exp is within 2 units in the last place from −100 to 88', async () => {
  const x = inputs.filter((value) => value < 88.7);
  const [values] = await runOn('wasm', () => tf.exp(tf.tensor1d(x)));
  for (const [i, value] of values!.entries()) {
    const exact = Math.exp(x[i]!);
    const unit = Math.max(exact * 2 ** -23, 2 ** -149);
    expect(Math.abs(value - exact) / unit).toBeLessThan(2);
  }
});

test('exp at the ends', async () => {
  const x = [89, Number.POSITIVE_INFINITY, 0, -0, -110, Number.NEGATIVE_INFINITY, Number.NaN];
  const [values] = await runOn('wasm', () => tf.exp(tf.tensor1d(x)));
  expect([...values!]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1, 1, 0, 0, Number.NaN]);
});

/** erf by its Taylor series in float64, to 1e-12 on [0, 4]. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 120; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

test('erf is within 3e-7', async () => {
  const x = Float32Array.from({ length: 1601 }, (_, i) => (i - 800) / 200);
  const [values] = await runOn('wasm', () => tf.erf(tf.tensor1d(x)));
  for (const [i, value] of values!.entries()) expect(Math.abs(value - erf(x[i]!))).toBeLessThan(3e-7);
});

test('erf at the ends', async () => {
  const [values] = await runOn('wasm', () => tf.erf(tf.tensor1d([9, Number.NEGATIVE_INFINITY, 0, Number.NaN, 30])));
  expect(values![0]).toBeCloseTo(1, 6);
  expect(values![1]).toBeCloseTo(-1, 6);
  expect(values![2]).toBe(0);
  expect(values![3]).toBeNaN();
});
