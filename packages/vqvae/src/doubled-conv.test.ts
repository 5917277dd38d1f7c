import { conv2d } from '@gss/tensor';
import { expectClose, expectNoLeak } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { doubledConv2d, doubleSize } from './doubled-conv.js';

beforeAll(() => tf.setBackend('cpu'));

const inputs = (size: readonly [number, number, number]) => {
  const x = tf.randomNormal([...size, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
  const w = tf.randomNormal([3, 3, 3, 2], 0, 1, 'float32', 2) as tf.Tensor4D;
  return [x, w, tf.tensor1d([0.5, -2])] as const;
};
const plain = (x: tf.Tensor4D, w: tf.Tensor4D, bias: tf.Tensor1D) => conv2d(doubleSize(x), w, bias);

test.each([[[1, 32, 33]], [[3, 20, 21]], [[1, 2, 3]]] as const)(
  'equals a convolution of the doubled map, %j',
  (size) => {
    const [x, w, bias] = inputs(size);
    expectClose(doubledConv2d(x, w, bias), plain(x, w, bias), 1e-5);
    expectNoLeak(() => doubledConv2d(x, w, bias));
  },
);

test('multiplies 4/9 as often', async () => {
  const [x, w, bias] = inputs([1, 32, 32]);
  const products = async (f: () => tf.Tensor) => {
    const { kernels } = await tf.profile(f);
    const conv = kernels.find(({ name }) => name === 'FusedConv2D' || name === 'Conv2D')!;
    const filter = Object.values(conv.inputShapes)[1]!;
    return conv.outputShapes[0]!.reduce((a, b) => a * b, 1) * filter[0]! * filter[1]! * filter[2]!;
  };
  const share = (await products(() => doubledConv2d(x, w, bias))) / (await products(() => plain(x, w, bias)));
  expect(share).toBeGreaterThan(4 / 9);
  expect(share).toBeLessThan(4 / 9 + 0.05); // one more row and column
});

test('has the same gradients', () => {
  const [x, w, bias] = inputs([1, 32, 33]);
  const dy = tf.randomNormal([1, 64, 66, 2], 0, 1, 'float32', 4);
  const fast = tf.grads((x, w, b) => doubledConv2d(x as tf.Tensor4D, w as tf.Tensor4D, b as tf.Tensor1D));
  const slow = tf.grads((x, w, b) => plain(x as tf.Tensor4D, w as tf.Tensor4D, b as tf.Tensor1D));
  const expected = slow([x, w, bias], dy);
  for (const [i, gradient] of fast([x, w, bias], dy).entries()) expectClose(gradient, expected[i]!, 1e-4, 1e-5);
});
