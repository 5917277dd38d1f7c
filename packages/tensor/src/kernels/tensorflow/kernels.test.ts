import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { roll2d } from '../../layers/window.js';
import {
  fusedBatchNorm,
  fusedCrossEntropy,
  fusedGelu,
  fusedGroupNorm,
  fusedLayerNorm,
  fusedRelu,
  fusedRoll,
  fusedSumOfSquares,
  fusedWindowAttention,
} from '../fused.js';
import { expectAdamW } from '../test-adamw.js';
import { largestError, noise, runOn } from '../wasm/test-backends.js';
import { registerTensorflowKernels } from './index.js';
import { expectAsOnCpu, expectSame, type Fn, startNative } from './test-native.js';

const absent = await startNative();
if (absent) console.log(`tests of the tensorflow kernels are skipped: the native backend does not load (${absent})`);
const here = describe.skipIf(absent !== undefined);

const normalised = (axes: (rank: number) => number[]) => (x?: tf.Tensor, gamma?: tf.Tensor, beta?: tf.Tensor) => {
  const { mean, variance } = tf.moments(x!, axes(x!.rank), true);
  return tf.add(tf.mul(tf.mul(tf.sub(x!, mean), tf.rsqrt(tf.add(variance, 1e-5))), gamma!), beta!);
};
/** Values around `level`, as a norm must take them. */
const affine = (shape: number[], level: number) => () => [
  tf.add(noise(shape, 1), level),
  noise([shape.at(-1)!], 2),
  noise([shape.at(-1)!], 3),
];

here('fused kernels on tensorflow', () => {
  // TensorFlow takes 1 − β₂ in float32, 1.3e-5 off for 0.999.
  test.each([1, 4, 1027])('AdamW of %i values, one rate and one for each', (size) =>
    expectAdamW('tensorflow', size, 5e-6),
  );
  test.each([[0], [1], [3, 1027], [600_000]].map((shape) => ({ shape })))(
    'sum of squares of $shape',
    async ({ shape }) => {
      const [expected] = await runOn('cpu', () => [tf.sum(tf.square(noise(shape)))]);
      const [actual] = await runOn('tensorflow', () => [fusedSumOfSquares(noise(shape))]);
      expect(largestError(actual!, expected!)).toBeLessThan(1e-6);
    },
  );
  test('a sum of squares with NaN is NaN', async () => {
    const [actual] = await runOn('tensorflow', () => [fusedSumOfSquares(tf.tensor1d([1, Number.NaN]))]);
    expect(actual).toEqual(Float32Array.of(Number.NaN));
  });
  test('gelu', () =>
    expectSame(
      (x) => fusedGelu(x!),
      (x) => tf.mul(x!, tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x!, Math.SQRT1_2))))),
      () => [tf.mul(noise([3, 41]), 20)],
    ));
  test('roll', () =>
    expectSame(
      (x) => fusedRoll(x as tf.Tensor4D, 2, -3),
      (x) => roll2d(x as tf.Tensor4D, 2, -3),
      () => [noise([2, 5, 7, 3])],
    ));
  test('relu, its gradient 0 at 0', () =>
    expectSame(
      (x) => fusedRelu(x!),
      (x) => tf.relu(x!),
      () => [tf.concat([noise([40]), tf.tensor1d([0, -0])])],
    ));
  test.each([
    { shape: [5, 4], level: 0 },
    { shape: [2, 3, 3, 33], level: 10 },
    { shape: [1, 1], level: 0 },
  ])('layer norm of $shape around $level', ({ shape, level }) =>
    expectSame(
      (x, g, b) => fusedLayerNorm(x!, g as tf.Tensor1D, b as tf.Tensor1D, 1e-5),
      normalised((rank) => [rank - 1]),
      affine(shape, level),
      5e-5,
    ),
  );
  test.each([
    { shape: [2, 5, 3, 8], level: 0 },
    { shape: [40, 3], level: 10 },
    { shape: [2, 3, 4], level: -3 },
  ])('batch norm of $shape around $level', ({ shape, level }) =>
    expectSame(
      (x, g, b) => fusedBatchNorm(x!, g as tf.Tensor1D, b as tf.Tensor1D, 1e-5),
      normalised((rank) => Array.from({ length: rank - 1 }, (_, i) => i)),
      affine(shape, level),
      5e-5,
    ),
  );
  test.each([
    { shape: [1, 5, 3, 8], groups: 2, level: 0 },
    { shape: [3, 4, 2, 6], groups: 3, level: 10 },
    { shape: [2, 1, 1, 4], groups: 1, level: 0 },
    { shape: [1, 7, 5, 4], groups: 4, level: -3 },
  ])('group norm of $shape in $groups groups around $level', ({ shape, groups, level }) =>
    expectSame(
      (x, g, b) => fusedGroupNorm(x as tf.Tensor4D, g as tf.Tensor1D, b as tf.Tensor1D, { groups, epsilon: 1e-5 }),
      (x, g, b) => {
        const [B, H, W, C] = shape as [number, number, number, number];
        const grouped = tf.reshape(x!, [B, H, W, groups, C / groups]);
        const { mean, variance } = tf.moments(grouped, [1, 2, 4], true);
        const normal = tf.mul(tf.sub(grouped, mean), tf.rsqrt(tf.add(variance, 1e-5)));
        return tf.add(tf.mul(tf.reshape(normal, shape), g!), b!);
      },
      affine(shape, level),
      5e-5,
    ),
  );
  test('batch norm tells its mean and biased variance', async () => {
    const found = await runOn('tensorflow', () => {
      const kept: tf.Tensor[] = [];
      const [x, g, b] = affine([2, 3, 5, 6], 4)() as [tf.Tensor, tf.Tensor1D, tf.Tensor1D];
      fusedBatchNorm(x, g, b, 1e-5, ({ mean, variance }) => kept.push(tf.keep(mean), tf.keep(variance)));
      return kept;
    });
    const { mean, variance } = tf.moments(affine([2, 3, 5, 6], 4)()[0]!, [0, 1, 2]);
    expect(largestError(found[0]!, (await mean.data()) as Float32Array)).toBeLessThan(1e-5);
    expect(largestError(found[1]!, (await variance.data()) as Float32Array)).toBeLessThan(1e-5);
  });
  test.each([
    { windows: 4, length: 9, heads: 1, size: 4, masks: 0 },
    { windows: 6, length: 16, heads: 3, size: 8, masks: 2 },
    { windows: 2, length: 49, heads: 2, size: 5, masks: 1 },
  ])('window attention $windows × $length, $heads heads, $masks masks', ({ windows, length, heads, size, masks }) => {
    const scale = size ** -0.5;
    const mask = () => tf.mul(tf.cast(tf.greater(noise([masks, length, length], 9), 0.5), 'float32'), -100);
    const plain: Fn = (qkv, bias) => {
      const parts = tf.transpose(tf.reshape(qkv!, [windows, length, 3, heads, size]), [2, 0, 3, 1, 4]);
      const [q, k, v] = tf.unstack(parts) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const scores = tf.add(tf.matMul(tf.mul(q, scale), k, false, true), bias!);
      const split = [windows / (masks || 1), masks || 1, heads, length, length];
      const masked = masks ? tf.add(tf.reshape(scores, split), tf.expandDims(mask(), 1)) : scores;
      const weights = tf.softmax(tf.reshape(masked, scores.shape));
      return tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [windows, length, heads * size]);
    };
    const fused: Fn = (qkv, bias) =>
      fusedWindowAttention(qkv as tf.Tensor3D, bias as tf.Tensor3D, {
        heads,
        scale,
        mask: masks ? (mask() as tf.Tensor3D) : undefined,
      });
    const inputs = () => [noise([windows, length, 3 * heads * size], 1), noise([heads, length, length], 2)];
    return expectSame(fused, plain, inputs, 2e-5);
  });
  test.each([2, 3, 130])('cross entropy over %i classes, ignored rows without gradient', (classes) => {
    const targets = () =>
      tf.tensor1d(
        Array.from({ length: 11 }, (_, i) => (i % 4 === 2 ? 255 : (i * 7) % classes)),
        'int32',
      );
    const plain: Fn = (x) =>
      tf.neg(tf.sum(tf.mul(tf.logSoftmax(x!), tf.cast(tf.oneHot(targets(), classes), 'float32')), 1));
    const inputs = () => [tf.mul(noise([11, classes], 1), 30)];
    return expectSame((x) => fusedCrossEntropy(x!, targets(), 255), plain, inputs, 2e-6);
  });
  test('cross entropy of a class that does not exist is NaN', async () => {
    const targets = () => tf.tensor1d([4, -1, 3], 'int32');
    const [losses] = await runOn('tensorflow', () => fusedCrossEntropy(tf.zeros([3, 4]), targets(), 255));
    expect([...losses!].map((loss) => Number.isNaN(loss))).toEqual([true, true, false]);
  });
});

here('stock kernels in a faster form', () => {
  const image = (seed: number, channels: number) => noise([2, 5, 3, channels], seed) as tf.Tensor4D;
  test('sums over any axes', () =>
    expectAsOnCpu(() =>
      [[0, 1, 2], [3], [0], [1, 3], undefined, []].flatMap((axes) => [
        tf.sum(image(1, 7), axes),
        tf.sum(image(1, 7), axes, true),
        tf.mean(image(1, 7), axes),
        tf.mean(image(1, 7), axes, true),
      ]),
    ));
  test('a sum of many rows keeps its precision', () =>
    expectAsOnCpu(() => tf.sum(tf.abs(noise([50_000, 3])), 0), 3e-5));
  test('integers', () =>
    expectAsOnCpu(() => {
      const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3], 'int32');
      return [tf.sum(x, 0), tf.mean(x, 1), tf.cast(x, 'float32'), tf.cast(x, 'int32'), tf.reshape(x, [3, -1])];
    }));
  test.each([
    [
      [3, 4],
      [4, 5],
    ],
    [
      [1, 3, 4],
      [4, 5],
    ],
    [
      [3, 4],
      [1, 4, 5],
    ],
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    [
      [2, 3, 4],
      [1, 4, 5],
    ],
  ])('products %j × %j, each transposed', (a, b) =>
    expectAsOnCpu(() =>
      [false, true].flatMap((ta) =>
        [false, true].map((tb) => {
          const turn = (shape: number[], by: boolean) =>
            noise(by ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape, shape.length);
          return tf.matMul(turn(a, ta), turn(b, tb), ta, tb);
        }),
      ),
    ),
  );
  test('product and 1×1 convolution with a bias, and their gradients', async () => {
    const product: Fn = (a, b, bias) =>
      tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias: bias as tf.Tensor1D });
    await expectSame(product, product, () => [noise([6, 4], 1), noise([4, 5], 2), noise([5], 3)]);
    for (const size of [1, 3]) {
      const conv: Fn = (x, filter, bias) =>
        tf.fused.conv2d({
          x: x as tf.Tensor4D,
          filter: filter as tf.Tensor4D,
          strides: 1,
          pad: 'same',
          bias: bias as tf.Tensor1D,
        });
      await expectSame(conv, conv, () => [image(1, 4), noise([size, size, 4, 3], 2), noise([3], 3)]);
      const plain: Fn = (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, size, 'same');
      await expectSame(plain, plain, () => [image(1, 4), noise([size, size, 4, 3], 2)]);
    }
  });
  test.each([
    { pad: 'valid', strides: 2, dilations: 1, activation: 'relu' },
    { pad: 'same', strides: 2, dilations: 1, activation: 'linear' },
    { pad: 'same', strides: 1, dilations: 2, activation: 'elu' },
    { pad: 'valid', strides: 1, dilations: 1, activation: 'relu6' },
    { pad: 'same', strides: 1, dilations: 1, activation: 'sigmoid' },
  ] as const)('a convolution with its bias, $pad, stride $strides, dilation $dilations, $activation', (options) =>
    expectAsOnCpu(() =>
      [noise([3], 3), noise([1], 4)].map((bias) =>
        tf.fused.conv2d({ x: image(1, 4), filter: noise([3, 3, 4, 3], 2) as tf.Tensor4D, bias, ...options }),
      ),
    ),
  );
  test('a large product with a bias', () =>
    expectAsOnCpu(
      () => tf.fused.matMul({ a: noise([440, 24], 1), b: noise([24, 300], 2), bias: noise([300], 3) }),
      1e-5,
    ));
  test('step, with and without slope, and of NaN', () =>
    expectAsOnCpu(() => {
      const x = tf.tensor1d([-2, -0, 0, 3, Number.NaN, Number.POSITIVE_INFINITY]);
      return [tf.step(x), tf.step(x, 0.25)];
    }, 0));
  test('transpose and gather', async () => {
    await expectAsOnCpu(() => {
      const rows = tf.tensor1d([4, 0, 0], 'int32');
      return [tf.transpose(image(1, 4), [3, 1, 0, 2]), tf.gather(image(1, 4), rows, 1), tf.gather(noise([7, 2]), rows)];
    }, 0);
    await tf.setBackend('tensorflow');
    expect(() => tf.tidy(() => tf.gather(noise([4, 2]), tf.tensor1d([4], 'int32')).dataSync())).toThrow(/4/);
  });
  test('are registered once', () => {
    const before = tf.getKernel('Sum', 'tensorflow');
    registerTensorflowKernels();
    expect(tf.getKernel('Sum', 'tensorflow')).toBe(before);
  });
});
