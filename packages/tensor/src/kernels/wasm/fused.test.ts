import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import {
  fusedBatchNorm,
  fusedCrossEntropy,
  fusedGelu,
  fusedLayerNorm,
  fusedRelu,
  fusedWindowAttention,
  hasFused,
} from '../fused.js';
import { expectAdamW } from '../test-adamw.js';
import { largestError, noise, runOn } from './test-backends.js';

type Function = (...inputs: tf.Tensor[]) => tf.Tensor;

/** Value and gradients of `fused` on wasm equal those of `plain`, composed of tfjs' operations, on cpu. */
async function expectSame(fused: Function, plain: Function, inputs: () => tf.Tensor[], tolerance = 1e-5) {
  const all = (f: Function) => () => {
    const x = inputs();
    const y = f(...x);
    return [y, ...tf.grads(f)(x, noise(y.shape, 99))];
  };
  const expected = await runOn('cpu', all(plain));
  const actual = await runOn('wasm', all(fused));
  for (const [i, values] of expected.entries()) expect(largestError(actual[i]!, values)).toBeLessThan(tolerance);
}

const normalize = (x: tf.Tensor, axes: number[], epsilon: number) => {
  const centred = tf.sub(x, tf.mean(x, axes, true));
  return tf.div(centred, tf.sqrt(tf.add(tf.mean(tf.square(centred), axes, true), epsilon)));
};

test('the kernels are there on wasm and not on cpu', async () => {
  await tf.setBackend('wasm');
  expect(hasFused('GssLayerNorm')).toBe(true);
  await tf.setBackend('cpu');
  expect(hasFused('GssLayerNorm')).toBe(false);
});

test.each([1, 3, 4, 7, 64, 1001])('GELU of %i values', async (size) => {
  const plain = (x: tf.Tensor) => tf.mul(x, tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2)))));
  await expectSame(fusedGelu as Function, plain as Function, () => [tf.mul(noise([size]), 5)], 1e-5);
});

test.each([1, 4, 7, 130])('ReLU of %i values', async (size) => {
  await expectSame(fusedRelu as Function, tf.relu as Function, () => [tf.round(tf.mul(noise([size]), 3))], 1e-7);
});

test('GELU at the ends', async () => {
  const ends = [-30, 30, Number.NaN, Number.POSITIVE_INFINITY];
  const [y, dx] = await runOn('wasm', () => {
    const x = tf.tensor1d(ends);
    return [fusedGelu(x), tf.grad(fusedGelu as Function)(x, tf.ones([4]))];
  });
  expect(y![0]).toBeCloseTo(0, 5);
  expect([...y!].slice(1)).toEqual([30, Number.NaN, Number.POSITIVE_INFINITY]);
  expect(dx![0]).toBeCloseTo(0, 5);
  expect(dx![1]).toBeCloseTo(1, 5);
  expect(dx![2]).toBeNaN();
});

const affine = (x: number[]) => () => [noise(x, 1), tf.add(noise([x.at(-1)!], 2), 2), noise([x.at(-1)!], 3)];

test.each([[[5, 1]], [[3, 4]], [[2, 5, 7]], [[130, 33]], [[2, 3, 4, 16]]])('layer norm of %j', async (shape) => {
  await expectSame(
    (x, g, b) => fusedLayerNorm(x!, g as tf.Tensor1D, b as tf.Tensor1D, 1e-3),
    (x, g, b) => tf.add(tf.mul(normalize(x!, [x!.rank - 1], 1e-3), g!), b!),
    affine(shape),
    5e-5,
  );
});

test('layer norm of values far from 0', async () => {
  const [y] = await runOn('wasm', () =>
    fusedLayerNorm(tf.add(noise([4, 64]), 1000), tf.ones([64]) as tf.Tensor1D, tf.zeros([64]) as tf.Tensor1D, 1e-5),
  );
  const [expected] = await runOn('cpu', () => normalize(tf.sub(tf.add(noise([4, 64]), 1000), 1000), [1], 1e-5));
  expect(largestError(y!, expected!)).toBeLessThan(1e-3);
});

test.each([[[5, 1]], [[7, 3]], [[2, 5, 7, 4]], [[3, 9, 9, 19]], [[130, 33]]])('batch norm of %j', async (shape) => {
  const axes = shape.slice(1).map((_, i) => i);
  await expectSame(
    (x, g, b) => fusedBatchNorm(x!, g as tf.Tensor1D, b as tf.Tensor1D, 1e-3),
    (x, g, b) => tf.add(tf.mul(normalize(x!, axes, 1e-3), g!), b!),
    affine(shape),
    5e-5,
  );
});

test('batch norm tells its mean and biased variance', async () => {
  const moments = await runOn('wasm', () => {
    const found: tf.Tensor[] = [];
    const [x, g, b] = affine([2, 3, 5, 6])() as [tf.Tensor, tf.Tensor1D, tf.Tensor1D];
    fusedBatchNorm(x, g, b, 1e-5, ({ mean, variance }) => found.push(tf.keep(mean), tf.keep(variance)));
    return found;
  });
  const expected = await runOn('cpu', () => {
    const { mean, variance } = tf.moments(noise([2, 3, 5, 6], 1), [0, 1, 2]);
    return [mean, variance];
  });
  for (const [i, values] of expected.entries()) expect(largestError(moments[i]!, values)).toBeLessThan(1e-6);
});

describe.each([
  { windows: 4, length: 9, heads: 1, size: 4, masks: 0 },
  { windows: 6, length: 16, heads: 3, size: 8, masks: 2 },
  { windows: 2, length: 49, heads: 2, size: 5, masks: 1 },
  { windows: 1, length: 3, heads: 2, size: 1, masks: 0 },
])('window attention $windows × $length, $heads heads of $size, $masks masks', (sizes) => {
  const { windows, length, heads, size, masks } = sizes;
  const scale = size ** -0.5;
  const maskOf = () =>
    masks
      ? (tf.mul(tf.cast(tf.greater(noise([masks, length, length], 9), 0.5), 'float32'), -100) as tf.Tensor3D)
      : undefined;
  const plain = (qkv: tf.Tensor, bias: tf.Tensor) => {
    const parts = tf.transpose(tf.reshape(qkv, [windows, length, 3, heads, size]), [2, 0, 3, 1, 4]);
    const [q, k, v] = tf.unstack(parts) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const scores = tf.add(tf.matMul(tf.mul(q, scale), k, false, true), bias);
    const mask = maskOf();
    const shifted = mask
      ? tf.add(tf.reshape(scores, [-1, masks, heads, length, length]), tf.expandDims(mask, 1))
      : scores;
    const weights = tf.softmax(tf.reshape(shifted, [windows, heads, length, length]));
    return tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [windows, length, heads * size]);
  };
  const inputs = () => [noise([windows, length, 3 * heads * size], 1), noise([heads, length, length], 2)];

  test('equals its composition', async () => {
    const fused = (qkv: tf.Tensor, bias: tf.Tensor) =>
      fusedWindowAttention(qkv as tf.Tensor3D, bias as tf.Tensor3D, { heads, scale, mask: maskOf() });
    await expectSame(fused as Function, plain as Function, inputs, 2e-5);
  });
});

test.each([1, 4, 1027])('AdamW of %i values, one rate and one for each', (size) => expectAdamW('wasm', size));

describe.each([2, 3, 8, 19, 130])('cross entropy over %i classes', (classes) => {
  const rows = 11;
  const targets = () =>
    tf.tensor1d(
      Array.from({ length: rows }, (_, i) => (i % 4 === 2 ? 255 : (i * 7) % classes)),
      'int32',
    );

  test('equals its composition, ignored rows have no gradient', async () => {
    const plain = (x: tf.Tensor) => {
      const hot = tf.cast(tf.oneHot(targets(), classes), 'float32');
      return tf.neg(tf.sum(tf.mul(tf.logSoftmax(x), hot), 1));
    };
    const inputs = () => [tf.mul(noise([rows, classes], 1), 10)];
    await expectSame((x) => fusedCrossEntropy(x!, targets(), 255), plain as Function, inputs, 2e-6);
  });
});

test('cross entropy of a class that does not exist is NaN', async () => {
  const [losses] = await runOn('wasm', () =>
    fusedCrossEntropy(tf.zeros([3, 4]), tf.tensor1d([4, -1, 3], 'int32'), 255),
  );
  expect([...losses!]).toEqual([Number.NaN, Number.NaN, Math.fround(Math.log(4))]);
});

test('targets that are not int32 are refused', async () => {
  await tf.setBackend('wasm');
  expect(() => tf.tidy(() => fusedCrossEntropy(tf.zeros([1, 4]), tf.tensor1d([1]), 255))).toThrow(/int32/);
});
