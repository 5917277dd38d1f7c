import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { relu6 } from '../../layers/relu6.js';
import { prepareUtil } from '../../node/util-shim.js';
import { largestError, noise, runOn } from '../wasm/test-backends.js';
import { registerTensorflowKernels } from './index.js';

/** Why the native backend is not here, or undefined where it is. */
async function startNative(): Promise<string | undefined> {
  prepareUtil();
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  try {
    await import('@tensorflow/tfjs-node-gpu');
    await tf.setBackend('tensorflow');
    registerTensorflowKernels();
    return undefined;
  } catch (error) {
    return String(error).split('\n')[0];
  }
}
const absent = await startNative();
if (absent) console.log(`tests of the tensorflow kernels are skipped: the native backend does not load (${absent})`);
const backends = ['wasm', ...(absent ? [] : ['tensorflow'])];

async function expectAsOnCpu(backend: string, make: () => tf.Tensor[]): Promise<void> {
  const expected = await runOn('cpu', make);
  const actual = await runOn(backend, make);
  for (const [i, values] of expected.entries()) expect(largestError(actual[i]!, values)).toBeLessThanOrEqual(2e-6);
}

describe.each(backends)('on %s', (backend) => {
  test('relu6 and its gradient, 0 at both ends', () =>
    expectAsOnCpu(backend, () => {
      const x = tf.mul(noise([3, 5, 7], 1), 5);
      return [relu6(x), tf.grad((x: tf.Tensor) => relu6(x))(x, noise([3, 5, 7], 2))];
    }));

  test('the gradient of relu6 at its ends', async () => {
    const make = () => {
      const x = tf.tensor1d([0, 6, 1, 7, -1]);
      return tf.grad((x: tf.Tensor) => relu6(x))(x, tf.onesLike(x));
    };
    const [slope] = await runOn(backend, make);
    expect([...slope!]).toEqual([0, 0, 1, 0, 0]);
  });

  test.each([
    ['same', 1, 'relu6'],
    ['same', 2, 'relu6'],
    ['valid', 2, 'linear'],
    ['same', 1, 'relu'],
    ['same', 1, 'elu'],
  ] as const)('a depthwise convolution with bias, padding %s, stride %d, %s', (pad, strides, activation) =>
    expectAsOnCpu(backend, () => {
      const [x, filter, bias] = [noise([2, 9, 8, 6], 1), noise([3, 3, 6, 1], 2), noise([6], 3)];
      const common = { x: x as tf.Tensor4D, filter: filter as tf.Tensor4D, strides, pad, activation };
      return [tf.fused.depthwiseConv2d({ ...common, bias }), tf.fused.depthwiseConv2d(common)];
    }),
  );

  test.each([
    [5, 'same', 1],
    [5, 'same', 2],
    [5, 'valid', 1],
    [7, 'same', 2],
    [3, 'same', 2],
  ] as const)('the gradient of a depthwise filter, side %d, padding %s, stride %d', (k, pad, stride) =>
    expectAsOnCpu(backend, () => {
      const [x, w] = [noise([2, 12, 11, 4], 1) as tf.Tensor4D, noise([k, k, 4, 1], 2) as tf.Tensor4D];
      const f = (w: tf.Tensor) => tf.depthwiseConv2d(x, w as tf.Tensor4D, stride, pad);
      return [tf.grad(f)(w, noise(f(w).shape, 3))];
    }),
  );
});
