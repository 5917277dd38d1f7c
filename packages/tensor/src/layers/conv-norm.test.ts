import {
  batchNorm,
  batchNormSpec,
  conv2d,
  convBatchNorm,
  createRng,
  createTraining,
  initParams,
  relu,
} from '@gss/tensor';
import { expectClose, expectNoLeak } from '@gss/testing';
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const make = () => ({
  x: random([2, 9, 7, 3], 1) as tf.Tensor4D,
  weight: random([3, 3, 3, 4], 2) as tf.Tensor4D,
  norm: {
    ...initParams(batchNormSpec(4), createRng(1)),
    weight: random([4], 3) as tf.Tensor1D,
    bias: random([4], 4) as tf.Tensor1D,
    running_mean: random([4], 5) as tf.Tensor1D,
    running_var: tf.tensor1d([0.5, 1, 2, 0.01]),
  },
});

const options = [
  { activate: true },
  { activate: false, stride: 2, padding: 1 },
  { activate: true, dilation: 2, padding: 2 },
  { activate: false, dilation: 3, padding: 3 },
];
describe.each(options)('convBatchNorm %j', ({ activate, ...conv }) => {
  const composed = (x: tf.Tensor4D, weight: tf.Tensor4D, norm: ReturnType<typeof make>['norm']) => {
    const y = batchNorm(conv2d(x, weight, null, conv), norm);
    return activate ? relu(y) : y;
  };

  test('is convolution, running statistics and ReLU', () => {
    const { x, weight, norm } = make();
    const y = convBatchNorm(x, { weight }, norm, { activate, ...conv });
    expectClose(y, composed(x, weight, norm), 1e-4);
  });

  test('has their gradients, of γ and β too', () => {
    const { x, weight, norm } = make();
    const of = (f: typeof composed) =>
      tf.grads((x, weight, gamma, beta) =>
        tf.sum(
          tf.square(
            f(x as tf.Tensor4D, weight as tf.Tensor4D, {
              ...norm,
              weight: gamma as tf.Tensor1D,
              bias: beta as tf.Tensor1D,
            }),
          ),
        ),
      )([x, weight, norm.weight, norm.bias]);
    const folded = of((x, weight, norm) => convBatchNorm(x, { weight }, norm, { activate, ...conv }));
    for (const [i, expected] of of(composed).entries())
      expectClose(folded[i]!, expected, 1e-3 * Math.max(1, tf.max(tf.abs(expected)).dataSync()[0]!));
  });

  test('keeps no tensor', () => {
    const { x, weight, norm } = make();
    expectNoLeak(() => convBatchNorm(x, { weight }, norm, { activate, ...conv }));
  });
});

test('in training the batch’s statistics count', () => {
  const { x, weight, norm } = make();
  const training = createTraining(createRng(2));
  const y = convBatchNorm(x, { weight }, norm, {}, training);
  const { mean, variance } = tf.moments(y, [0, 1, 2]);
  expectClose(mean, norm.bias, 1e-5);
  expectClose(variance, tf.square(norm.weight), 1e-3);
  expect(training.statistics.size).toBe(3);
});
