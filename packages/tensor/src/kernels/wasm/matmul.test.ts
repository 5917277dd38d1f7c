import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { expectAsOnCpu, largestError, noise, runOn } from './test-backends.js';

const sizes = [
  [1, 1, 1],
  [3, 5, 7],
  [4, 8, 4],
  [5, 8, 16],
  [13, 21, 9],
  [49, 49, 32],
  [49, 32, 49],
  [101, 19, 300],
  [17, 530, 257],
  [216, 12, 3],
] as const;

describe.each([
  [false, false],
  [false, true],
  [true, false],
  [true, true],
])('matMul, transposed %s and %s', (ta, tb) => {
  test.each(sizes)('%i × %i, inner %i', async (m, n, k) => {
    const a = () => noise(ta ? [k, m] : [m, k], 3);
    const b = () => noise(tb ? [n, k] : [k, n], 5);
    await expectAsOnCpu(() => tf.matMul(a(), b(), ta, tb), 2e-5);
  });

  test.each([
    [[6], [6]],
    [[1], [6]],
    [[6], [1]],
    [[3], [2, 3]],
  ])('batches %j and %j', async (aOuter, bOuter) => {
    const a = () => noise([...aOuter, ...(ta ? [11, 9] : [9, 11])], 3);
    const b = () => noise([...bOuter, ...(tb ? [10, 11] : [11, 10])], 5);
    await expectAsOnCpu(() => tf.matMul(a(), b(), ta, tb));
  });
});

test('batches broadcast from both sides', async () => {
  // The cpu backend is wrong here (it takes the larger batch for the whole), so the operands are broadcast by hand.
  const a = () => noise([2, 1, 3, 5, 4], 1);
  const b = () => noise([1, 4, 3, 4, 6], 2);
  const [actual] = await runOn('wasm', () => tf.matMul(a(), b()));
  const [expected] = await runOn('cpu', () =>
    tf.matMul(tf.broadcastTo(a(), [2, 4, 3, 5, 4]), tf.broadcastTo(b(), [2, 4, 3, 4, 6])),
  );
  expect(largestError(actual!, expected!)).toBeLessThan(1e-6);
});

test('NaN and infinity reach the row and column they belong to', async () => {
  const [values] = await runOn('wasm', () => {
    const a = tf.tensor2d([1, Number.NaN, 2, 3, 4, 5, 6, 7, Number.POSITIVE_INFINITY], [3, 3]);
    return tf.matMul(a, tf.ones([3, 9]));
  });
  const rows = [0, 1, 2].map((row) => values!.subarray(row * 9, row * 9 + 9));
  expect(rows[0]!.every(Number.isNaN)).toBe(true);
  expect([...rows[1]!]).toEqual(Array(9).fill(12));
  expect(rows[2]!.every((value) => value === Number.POSITIVE_INFINITY)).toBe(true);
});

test('inner sizes that differ are refused', async () => {
  await tf.setBackend('wasm');
  expect(() => tf.matMul(tf.ones([2, 3]), tf.ones([4, 2]))).toThrow(/inner/i);
});
