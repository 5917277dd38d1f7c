import * as tf from '@tensorflow/tfjs';
import { describe, test } from 'vitest';
import { expectAsOnCpu, noise } from './test-backends.js';

describe.each([
  [2, 2, 'valid'],
  [3, 2, 'same'],
  [3, 1, 1],
  [2, 3, 'same'],
] as [number, number, 'same' | 'valid' | number][])('pool of %i, stride %i, pad %s', (size, stride, pad) => {
  test('max pooling of negative values has a gradient', async () => {
    await expectAsOnCpu(() => {
      const x = tf.sub(noise([2, 9, 7, 5], 1), 2) as tf.Tensor4D;
      const f = (image: tf.Tensor4D) => tf.maxPool(image, size, stride, pad);
      return tf.grad(f as (x: tf.Tensor) => tf.Tensor)(x, noise(f(x).shape, 2));
    });
  });

  test('equal values give to the first', async () => {
    await expectAsOnCpu(() => {
      const x = tf.round(noise([1, 8, 9, 3], 1)) as tf.Tensor4D;
      const f = (image: tf.Tensor4D) => tf.maxPool(image, size, stride, pad);
      return tf.grad(f as (x: tf.Tensor) => tf.Tensor)(x, noise(f(x).shape, 2));
    });
  });

  test('average pooling has a gradient', async () => {
    await expectAsOnCpu(() => {
      const x = noise([2, 9, 7, 5], 1) as tf.Tensor4D;
      const f = (image: tf.Tensor4D) => tf.avgPool(image, size, stride, pad);
      return tf.grad(f as (x: tf.Tensor) => tf.Tensor)(x, noise(f(x).shape, 2));
    });
  });
});
