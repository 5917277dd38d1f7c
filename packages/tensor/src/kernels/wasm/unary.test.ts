import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { expectAsOnCpu, noise, runOn } from './test-backends.js';

const inputs = Float32Array.from({ length: 40_001 }, (_, i) => (i - 20_000) / 200);

test('exp is within 2 units in the last place from −86.9 to 88, and 0 below', async () => {
  const x = inputs.filter((value) => value < 88.7);
  const [values] = await runOn('wasm', () => tf.exp(tf.tensor1d(x)));
  for (const [i, value] of values!.entries()) {
    const exact = Math.exp(x[i]!);
    if (x[i]! < Math.fround(-86.9)) expect(value).toBe(0);
    else expect(Math.abs(value / exact - 1) * 2 ** 23).toBeLessThan(2);
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

test('log is within 2 units in the last place, or 1e-7 near 1', async () => {
  const x = Float32Array.from({ length: 20_000 }, (_, i) => 2 ** ((i - 10_000) / 80));
  const [values] = await runOn('wasm', () => tf.log(tf.tensor1d(x)));
  for (const [i, value] of values!.entries()) {
    const exact = Math.log(x[i]!);
    expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.max(2 ** -22 * Math.abs(exact), 1e-7));
  }
});

test('log at the ends', async () => {
  const x = [0, -0, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1];
  const [values] = await runOn('wasm', () => tf.log(tf.tensor1d(x)));
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  expect([...values!]).toEqual([low, low, Number.NaN, high, Number.NaN, Number.NaN, 0]);
});

test.each([1, 3, 4, 7, 64, 130])('softmax and logSoftmax of rows of %i, and their gradients', async (size) => {
  await expectAsOnCpu(() => {
    const x = tf.mul(noise([3, 5, size]), 20);
    const dy = noise([3, 5, size], 2);
    const both = [(t: tf.Tensor) => tf.softmax(t), (t: tf.Tensor) => tf.logSoftmax(t)];
    return both.flatMap((f) => [f(x), tf.grad(f)(x, dy)]);
  }, 1e-5);
});

test('softmax of a row with −Infinity gives 0 there, of a row with NaN only NaN', async () => {
  const [values] = await runOn('wasm', () =>
    tf.softmax(tf.tensor2d([0, Number.NEGATIVE_INFINITY, 0, 1, Number.NaN, 2], [2, 3])),
  );
  expect([...values!]).toEqual([0.5, 0, 0.5, Number.NaN, Number.NaN, Number.NaN]);
});

test.each(['int32', 'bool', 'float32'] as const)('cast from %s', async (dtype) => {
  const source = () => (dtype === 'bool' ? tf.greater(noise([9]), 0) : tf.cast(tf.mul(noise([9]), 1000), dtype));
  await expectAsOnCpu(() => (['float32', 'int32', 'bool'] as const).map((to) => tf.cast(source(), to)), 0);
});
