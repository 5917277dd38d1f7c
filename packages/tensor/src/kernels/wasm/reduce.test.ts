import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { expectAsOnCpu, noise, runOn } from './test-backends.js';

describe.each([
  [[7], [0]],
  [[5, 33], [1]],
  [[5, 33], [0]],
  [[130, 19], [0]],
  [
    [3, 4, 5, 6],
    [0, 1, 2],
  ],
  [
    [3, 4, 5, 6],
    [1, 2, 3],
  ],
  [
    [3, 4, 5, 6],
    [0, 2],
  ],
  [
    [3, 4, 5, 2, 6],
    [1, 2, 4],
  ],
  [
    [3, 4, 5, 6],
    [0, 3],
  ],
  [[2, 1, 5], [1]],
  [[2, 3, 4], []],
  [
    [1, 1],
    [0, 1],
  ],
])('of %j over %j', (shape, axes) => {
  test.each([false, true])('sum and mean, keepDims %s', async (keepDims) => {
    await expectAsOnCpu(() => [tf.sum(noise(shape), axes, keepDims), tf.mean(noise(shape), axes, keepDims)]);
  });
});

test('keepDims keeps the shape', async () => {
  await runOn('wasm', () => {
    expect(tf.sum(noise([3, 4, 5]), 1, true).shape).toEqual([3, 1, 5]);
    expect(tf.mean(noise([3, 4, 5]), [0, 2]).shape).toEqual([4]);
    return [];
  });
});

test('sums of int32 and bool stay exact integers', async () => {
  await expectAsOnCpu(() => tf.sum(tf.cast(tf.mul(noise([9, 5]), 100), 'int32'), 0), 0);
  await expectAsOnCpu(() => tf.sum(tf.greater(noise([9, 5]), 0), 1), 0);
});

test('nothing sums to 0', async () => {
  await expectAsOnCpu(() => tf.sum(tf.zeros([0, 3]), 0), 0);
});

test.each([
  [[300_000], [0]],
  [[100_000, 4], [0]],
])('a long sum of ones tenth stays accurate: %j', async (shape, axes) => {
  const [values] = await runOn('wasm', () => tf.sum(tf.fill(shape, 0.1), axes));
  const expected = shape[0]! * Math.fround(0.1);
  for (const value of values!) expect(Math.abs(value / expected - 1)).toBeLessThan(1e-5);
});

test('NaN and infinity are kept', async () => {
  const [sums] = await runOn('wasm', () => {
    const x = tf.tensor2d([1, Number.NaN, 3, 4, Number.POSITIVE_INFINITY, 6], [2, 3]);
    return tf.concat([tf.sum(x, 1), tf.sum(x, 0)]);
  });
  expect([...sums!]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 5, Number.NaN, 9]);
});
