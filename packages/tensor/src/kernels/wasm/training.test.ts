import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { expectAsOnCpu, noise, runOn } from './test-backends.js';

/** A network with every kind of layer; gradients of all its parameters. */
function gradients(): tf.Tensor[] {
  const shapes = [[2, 2, 3, 8], [8], [8, 24], [25, 2], [8, 8], [3, 3, 8, 6], [6], [3, 3, 6, 1], [1, 1, 6, 5]];
  const weights = shapes.map((shape, i) => tf.mul(noise(shape, i + 1), 0.5));
  const image = noise([2, 12, 12, 3], 77) as tf.Tensor4D;
  const hot = tf.cast(
    tf.oneHot(
      tf.tensor1d(
        Array.from({ length: 2 * 6 * 6 }, (_, i) => i % 5),
        'int32',
      ),
      5,
    ),
    'float32',
  );
  const index = Int32Array.from({ length: 81 }, (_, i) => {
    const [a, b] = [Math.floor(i / 9), i % 9];
    return (Math.floor(a / 3) - Math.floor(b / 3) + 2) * 5 + ((a % 3) - (b % 3) + 2);
  });
  const normalize = (x: tf.Tensor, axes: number[]) => {
    const centred = tf.sub(x, tf.mean(x, axes, true));
    return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), axes, true), 1e-3)));
  };
  const loss = (...w: tf.Tensor[]) => {
    const [embed, scale, qkv, table, proj, filter, bias, depth, head] = w as [
      ...[tf.Tensor4D, tf.Tensor1D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor4D, tf.Tensor1D],
      ...[tf.Tensor4D, tf.Tensor4D],
    ];
    let x: tf.Tensor = tf.conv2d(image, embed, 2, 'valid'); // [2, 6, 6, 8]
    const normal = tf.mul(normalize(x, [3]), scale);
    const windows = tf.reshape(tf.transpose(tf.reshape(normal, [2, 2, 3, 2, 3, 8]), [0, 1, 3, 2, 4, 5]), [-1, 8]);
    const parts = tf.transpose(tf.reshape(tf.matMul(windows as tf.Tensor2D, qkv), [8, 9, 3, 2, 4]), [2, 0, 3, 1, 4]);
    const [q, k, v] = tf.unstack(parts) as [tf.Tensor, tf.Tensor, tf.Tensor]; // [8, 2, 9, 4]
    const positions = tf.transpose(tf.reshape(tf.gather(table, tf.tensor1d(index, 'int32')), [9, 9, 2]), [2, 0, 1]);
    const attention = tf.softmax(tf.add(tf.matMul(q, k, false, true), positions));
    const mixed = tf.reshape(tf.transpose(tf.matMul(attention, v), [0, 2, 1, 3]), [-1, 8]) as tf.Tensor2D;
    const joined = tf.transpose(tf.reshape(tf.matMul(mixed, proj), [2, 2, 2, 3, 3, 8]), [0, 1, 3, 2, 4, 5]);
    x = tf.add(x, tf.reshape(joined, [2, 6, 6, 8]));
    x = tf.mul(x, tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5));
    x = tf.relu(tf.add(normalize(tf.conv2d(x as tf.Tensor4D, filter, 1, 'same'), [0, 1, 2]), bias));
    x = tf.add(x, tf.maxPool(tf.sub(x, 2) as tf.Tensor4D, 3, 1, 'same'));
    x = tf.depthwiseConv2d(x as tf.Tensor4D, depth, 1, 'same');
    const logits = tf.reshape(tf.conv2d(x as tf.Tensor4D, head, 1, 'same'), [-1, 5]);
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), hot), 1)));
  };
  return [loss(...weights), ...tf.grads(loss)(weights)];
}

test('a whole training step has the gradients of the cpu backend', async () => {
  await expectAsOnCpu(gradients, 1e-4);
});

test('the same step gives the same bits', async () => {
  const first = await runOn('wasm', gradients);
  const second = await runOn('wasm', gradients);
  expect(second).toEqual(first);
});

test('200 steps leave tensors and the heap as they were', async () => {
  await tf.setBackend('wasm');
  const step = () => tf.tidy(() => void gradients());
  const heap = () => (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length;
  for (let i = 0; i < 20; i++) step();
  const before = { ...tf.memory(), heap: heap() };
  for (let i = 0; i < 200; i++) step();
  const after = { ...tf.memory(), heap: heap() };
  expect(after).toEqual(before);
});
