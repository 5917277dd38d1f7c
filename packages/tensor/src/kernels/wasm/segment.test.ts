import * as tf from '@tensorflow/tfjs';
import { test } from 'vitest';
import { expectAsOnCpu, noise } from './test-backends.js';

test.each([1, 3, 8, 13])('sums rows of %i by segment; ids outside are dropped', async (inner) => {
  await expectAsOnCpu(() =>
    tf.unsortedSegmentSum(noise([9, inner]), tf.tensor1d([0, 3, 3, -1, 1, 6, 0, 3, 4], 'int32'), 5),
  );
});

test.each([0, 1])('gather along axis %i has a gradient', async (axis) => {
  await expectAsOnCpu(() => {
    const indices = tf.tensor1d([2, 0, 2, 1, 2], 'int32');
    const f = (x: tf.Tensor) => tf.gather(x, indices, axis);
    const x = noise([3, 4, 6]);
    return tf.grad(f)(x, noise(f(x).shape, 2));
  });
});
