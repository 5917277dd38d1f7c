import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { expectAsOnCpu, noise, runOn } from './test-backends.js';

type Pad = 'same' | 'valid' | number | [[0, 0], [number, number], [number, number], [0, 0]];

/** Gradients of conv2d with respect to its input and filter. */
function gradients(x: number[], w: number[], stride: number | [number, number], pad: Pad): () => tf.Tensor[] {
  return () => {
    const f = (image: tf.Tensor4D, filter: tf.Tensor4D) => tf.conv2d(image, filter, stride, pad);
    const [image, filter] = [noise(x, 1) as tf.Tensor4D, noise(w, 2) as tf.Tensor4D];
    const dy = noise(f(image, filter).shape, 3);
    return tf.grads(f as (...tensors: tf.Tensor[]) => tf.Tensor)([image, filter], dy);
  };
}

const cases: [x: number[], w: number[], stride: number | [number, number], pad: Pad][] = [
  [[1, 1, 1, 1], [1, 1, 1, 1], 1, 'valid'],
  [[2, 7, 9, 3], [3, 3, 3, 5], 1, 'same'],
  [[2, 9, 7, 8], [3, 3, 8, 16], 1, 1],
  [[1, 12, 8, 3], [4, 4, 3, 20], 4, 'valid'],
  [[2, 11, 13, 4], [3, 3, 4, 6], 2, 1],
  [[2, 11, 13, 4], [3, 3, 4, 6], 2, 'same'],
  [[1, 10, 9, 5], [5, 3, 5, 7], [3, 2], 'valid'],
  [[1, 6, 5, 4], [1, 1, 4, 9], 1, 'same'],
  [[1, 9, 9, 6], [1, 1, 6, 3], 2, 'valid'],
  [[1, 5, 6, 12], [2, 4, 12, 1], 1, 'same'],
  [
    [1, 8, 8, 4],
    [3, 3, 4, 4],
    1,
    [
      [0, 0],
      [2, 0],
      [0, 3],
      [0, 0],
    ],
  ],
  [[1, 5, 5, 2], [3, 3, 2, 2], 1, 4],
  [[2, 9, 9, 68], [3, 3, 68, 19], 1, 1],
  [[1, 6, 7, 12], [3, 3, 12, 230], 1, 1],
  [[1, 20, 20, 3], [2, 2, 3, 4], 1, 'valid'],
];

describe('conv2d has the gradients of the cpu backend', () => {
  test.each(cases)('x %j, filter %j, stride %j, pad %j', async (x, w, stride, pad) => {
    await expectAsOnCpu(gradients(x, w, stride, pad), 1e-4);
  });
});

test('the gradients of conv2dTranspose as well', async () => {
  await expectAsOnCpu(() => {
    const f = (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2dTranspose(x, w, [1, 9, 11, 3], 2, 'same');
    const [x, w] = [noise([1, 5, 6, 4], 1) as tf.Tensor4D, noise([3, 3, 3, 4], 2) as tf.Tensor4D];
    const grads = tf.grads(f as (...tensors: tf.Tensor[]) => tf.Tensor);
    return [f(x, w), ...grads([x, w], noise([1, 9, 11, 3], 3))];
  });
});

test('NaN in dy reaches both gradients', async () => {
  const [dx, dw] = await runOn('wasm', () => {
    const f = (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2d(x, w, 1, 'same');
    const dy = tf.where(tf.greater(noise([1, 5, 5, 4], 3), 0.9), Number.NaN, noise([1, 5, 5, 4], 4));
    const grads = tf.grads(f as (...tensors: tf.Tensor[]) => tf.Tensor);
    return grads([noise([1, 5, 5, 3], 1), noise([3, 3, 3, 4], 2)], dy);
  });
  expect(dx!.some(Number.isNaN)).toBe(true);
  expect(dw!.some(Number.isNaN)).toBe(true);
});

describe('depthwiseConv2d has the gradients of the cpu backend', () => {
  test.each([
    [[2, 7, 9, 3], [3, 3, 3, 1], 1, 'same'],
    [[2, 8, 8, 8], [3, 3, 8, 1], 2, 'same'],
    [[1, 9, 7, 6], [5, 5, 6, 1], 2, 2],
    [[1, 9, 7, 5], [3, 2, 5, 3], 1, 'valid'],
    [[1, 6, 6, 4], [1, 1, 4, 2], 1, 'same'],
  ] as [number[], number[], number, 'same' | 'valid' | number][])(
    'x %j, filter %j, stride %i, pad %s',
    async (...args) => {
      const [x, w, stride, pad] = args;
      await expectAsOnCpu(() => {
        const f = (image: tf.Tensor, filter: tf.Tensor) =>
          tf.depthwiseConv2d(image as tf.Tensor4D, filter as tf.Tensor4D, stride, pad);
        const [image, filter] = [noise(x, 1), noise(w, 2)];
        return tf.grads(f)([image, filter], noise(f(image, filter).shape, 3));
      });
    },
  );
});
