import { fc, test as prop } from '@fast-check/vitest';
import { expectClose, expectGradient, expectNoLeak } from '@gss/testing';
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  batchNorm,
  batchNormSpec,
  conv2d,
  createRng,
  createTraining,
  depthwiseConv2d,
  dropPathWith,
  gelu,
  groupNorm,
  initParams,
  interpolationMatrix,
  layerNorm,
  logSumExp,
  resize,
  roll2d,
  ShapeError,
  shiftedWindowAttention,
  windowAttention,
  windowAttentionSpec,
  windowPartition,
  windowReverse,
  withStatistics,
} from '../index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const random = (shape: number[], seed = 1) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe('conv2d', () => {
  test('pads as PyTorch at stride 2: output 0 sees row −1', () => {
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [1, 4, 4, 1]);
    const y = conv2d(x, tf.ones([3, 3, 1, 1]), null, { stride: 2, padding: 1 });
    expect([...y.dataSync()]).toEqual([14, 30, 57, 99]); // torch.nn.functional.conv2d(x, ones, stride=2, padding=1)
  });
  test.each([2, 3, 4])('equals the dilated kernel of the backend, d = %i', (dilation) => {
    const x = random([2, 9, 11, 3]) as tf.Tensor4D;
    const w = random([3, 3, 3, 4], 2) as tf.Tensor4D;
    expectClose(conv2d(x, w, null, { dilation }), tf.conv2d(x, w, 1, 'same', 'NHWC', dilation), 1e-4);
  });
  test('has a true gradient when dilated', () => {
    const w = random([3, 3, 2, 2], 2) as tf.Tensor4D;
    expectGradient((x) => conv2d(x as tf.Tensor4D, w, null, { dilation: 2 }), random([1, 7, 6, 2]));
  });
  test('leaks no tensor', () => {
    const x = random([1, 8, 8, 2]) as tf.Tensor4D;
    const w = random([3, 3, 2, 2]) as tf.Tensor4D;
    expectNoLeak(() => conv2d(x, w, null, { dilation: 2 }));
  });
  test('names the channels it wanted', () => {
    expect(() => conv2d(tf.zeros([1, 4, 4, 3]), tf.zeros([3, 3, 2, 2]))).toThrow(ShapeError);
  });
  test('depthwise: a centred delta is the identity', () => {
    const x = random([1, 5, 5, 3]) as tf.Tensor4D;
    const delta = tf.tensor4d(
      Float32Array.from({ length: 27 }, (_, i) => (Math.floor(i / 3) === 4 ? 1 : 0)),
      [3, 3, 3, 1],
    );
    expectClose(depthwiseConv2d(x, delta), x, 1e-6);
  });
});

describe('norms', () => {
  const weight = tf.tensor1d([0.5, 2, -1, 1.5]);
  const bias = tf.tensor1d([0.1, -0.2, 0, 1]);
  test('layerNorm: rows become weight · unit normal + bias', () => {
    const y = layerNorm(random([5, 4]), { weight: tf.ones([4]), bias: tf.zeros([4]) });
    expectClose(tf.mean(y, 1), new Float32Array(5), 1e-6);
    expectClose(tf.mean(tf.square(y), 1), new Float32Array(5).fill(1), 1e-3);
  });
  test('layerNorm has a true gradient', () => expectGradient((x) => layerNorm(x, { weight, bias }), random([3, 2, 4])));
  test('groupNorm has a true gradient', () =>
    expectGradient((x) => groupNorm(x as tf.Tensor4D, { weight, bias }, 2), random([2, 3, 2, 4])));
  test('groupNorm with one group normalises a whole sample', () => {
    const y = groupNorm(random([2, 3, 3, 4]) as tf.Tensor4D, { weight: tf.ones([4]), bias: tf.zeros([4]) }, 1);
    expectClose(tf.mean(y, [1, 2, 3]), [0, 0], 1e-5);
  });
  test('weights of a norm have a true gradient', () => {
    const x = random([6, 4]);
    expectGradient((w) => layerNorm(x, { weight: w as tf.Tensor1D, bias }), weight);
    expectGradient((b) => layerNorm(x, { weight, bias: b as tf.Tensor1D }), bias);
  });
  test('batchNorm in training moves the running statistics by the momentum, variance unbiased', () => {
    const params = initParams(batchNormSpec(2), createRng(1));
    const x = random([2, 3, 3, 2]) as tf.Tensor4D;
    const training = createTraining(createRng(0));
    batchNorm(x, params, training).dispose();
    const next = withStatistics(params, training);
    const mean = tf.mean(x, [0, 1, 2]);
    const unbiased = tf.div(tf.sum(tf.square(tf.sub(x, mean)), [0, 1, 2]), 17);
    expectClose(next.running_mean, tf.mul(mean, 0.1), 1e-6);
    expectClose(next.running_var, tf.add(0.9, tf.mul(unbiased, 0.1)), 1e-6);
    expect(next.num_batches_tracked.dataSync()[0]).toBe(1);
  });
  test('batchNorm in training has a true gradient and leaks only its statistics', () => {
    const params = initParams(batchNormSpec(4), createRng(1));
    expectGradient((x) => batchNorm(x as tf.Tensor4D, params, createTraining(createRng(0))), random([2, 3, 2, 4]));
    const x = random([2, 3, 2, 4]) as tf.Tensor4D;
    expectNoLeak(() => {
      const training = createTraining(createRng(0));
      const y = batchNorm(x, params, training);
      return [y, ...training.statistics.values()];
    });
  });
});

describe('activations', () => {
  test('gelu is x Φ(x)', () => {
    expectClose(gelu(tf.tensor1d([-3, -1, 0, 1, 3])), [-0.00404951, -0.15865526, 0, 0.8413447, 2.9959507], 2e-6);
  });
  test('gelu has a true gradient', () => expectGradient((x) => gelu(x), random([40])));
  test('logSumExp equals that of tfjs, large and small numbers included, and has a true gradient', () => {
    const x = tf.concat([random([5, 6]), tf.add(random([1, 6]), 500), tf.sub(random([1, 6]), 500)]);
    expectClose(logSumExp(x), tf.logSumExp(x, 1), 1e-4);
    expectGradient((x) => logSumExp(x), random([2, 3, 5]));
    expectNoLeak(() => logSumExp(x));
  });
  test('dropPath keeps a sample when ⌊1 − rate + u⌋ is 1', () => {
    expectClose(dropPathWith(tf.ones([2, 2]), 0.5, [0.49, 0.5]), [0, 0, 2, 2], 0);
  });
});

describe('resize', () => {
  for (const alignCorners of [false, true]) {
    prop.prop(
      [
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 13 }),
        fc.integer({ min: 1, max: 13 }),
      ],
      {
        numRuns: 25,
      },
    )(`bilinear equals its two matrices, alignCorners ${alignCorners}`, (H, W, h, w) => {
      const x = random([1, H, W, 2]) as tf.Tensor4D;
      const rows = tf.tensor2d(interpolationMatrix(H, h, { alignCorners }), [h, H]);
      const columns = tf.tensor2d(interpolationMatrix(W, w, { alignCorners }), [w, W]);
      const channels = tf.unstack(tf.reshape(x, [H, W, 2]), 2) as tf.Tensor2D[];
      const expected = tf.stack(
        channels.map((c) => tf.matMul(tf.matMul(rows, c), columns, false, true)),
        2,
      );
      expectClose(resize(x, [h, w], { alignCorners }), expected, 1e-5);
    });
    test(`has a true gradient, alignCorners ${alignCorners}`, () => {
      expectGradient((x) => resize(x as tf.Tensor4D, [7, 3], { alignCorners }), random([2, 3, 5, 2]));
    });
  }
  test('nearest takes ⌊o · scale⌋ and nearest-exact the nearest centre', () => {
    const x = tf.tensor4d([0, 1, 2, 3, 4], [1, 1, 5, 1]);
    expect([...resize(x, [1, 3], { mode: 'nearest' }).dataSync()]).toEqual([0, 1, 3]);
    expect([...resize(x, [1, 3], { mode: 'nearest-exact' }).dataSync()]).toEqual([0, 2, 4]);
    expect([...resize(x, [1, 10], { mode: 'nearest' }).dataSync()]).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    const wide = [...resize(x, [1, 5 * 49], { mode: 'nearest' }).dataSync()]; // 1/49 · 49 < 1 in float32
    expect(wide).toEqual(Array.from({ length: 5 * 49 }, (_, o) => Math.floor(o / 49)));
  });
  test('nearest has a true gradient', () => {
    expectGradient((x) => resize(x as tf.Tensor4D, [6, 4], { mode: 'nearest' }), random([1, 3, 2, 2]));
    expectGradient((x) => resize(x as tf.Tensor4D, [5, 3], { mode: 'nearest' }), random([1, 3, 2, 2]));
  });
});

describe('windows', () => {
  prop.prop([fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 })])(
    'join back',
    (rows, columns, M) => {
      const x = random([2, rows * M, columns * M, 3]) as tf.Tensor4D;
      expectClose(windowReverse(windowPartition(x, M), M, x.shape), x, 0);
    },
  );
  test('roll2d turns around the edge and back', () => {
    const x = random([1, 4, 5, 1]) as tf.Tensor4D;
    expectClose(roll2d(roll2d(x, -2, -3), 2, 3), x, 0);
    expect(roll2d(tf.tensor4d([1, 2, 3], [1, 1, 3, 1]), 0, 1).dataSync()).toEqual(new Float32Array([3, 1, 2]));
  });
  test('attention projects padding to the bias, before or behind the window cut', () => {
    const params = initParams(windowAttentionSpec({ dim: 4, window: 4, heads: 2 }), createRng(3));
    const qkv = { ...params.qkv, bias: random([12], 5) as tf.Tensor1D };
    for (const size of [3, 4, 5, 7]) {
      const x = random([1, size, size, 4]) as tf.Tensor4D;
      const side = Math.ceil(size / 4) * 4;
      const padded = tf.pad(x, [
        [0, 0],
        [0, side - size],
        [0, side - size],
        [0, 0],
      ]);
      const windows = windowAttention(windowPartition(padded, 4), { ...params, qkv }, { heads: 2 });
      const expected = tf.slice(windowReverse(windows, 4, padded.shape), [0, 0, 0, 0], x.shape);
      const config = { window: 4, heads: 2, shift: 0 };
      expectClose(shiftedWindowAttention(x, { ...params, qkv }, config), expected, 1e-5);
    }
  });
  test('attention over an unpadded, unshifted map has a true gradient and leaks nothing', () => {
    const params = initParams(windowAttentionSpec({ dim: 4, window: 2, heads: 2 }), createRng(3));
    for (const shift of [0, 1]) {
      const run = (x: tf.Tensor) => shiftedWindowAttention(x as tf.Tensor4D, params, { window: 2, heads: 2, shift });
      const x = random([1, 3, 4, 4]);
      expectGradient(run, x);
      expectNoLeak(() => run(x));
    }
  });
});
