import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { expectAsOnCpu, noise, runOn } from './test-backends.js';

describe('transpose', () => {
  test.each([
    [
      [5, 7],
      [1, 0],
    ],
    [
      [64, 33],
      [1, 0],
    ],
    [
      [2, 3, 4, 5, 6, 7],
      [0, 1, 3, 2, 4, 5],
    ],
    [
      [2, 8, 3, 2, 5],
      [2, 0, 3, 1, 4],
    ],
    [
      [3, 5, 9, 4],
      [2, 0, 1, 3],
    ],
    [
      [3, 5, 9, 4],
      [0, 3, 1, 2],
    ],
    [
      [3, 5, 9, 4],
      [3, 2, 1, 0],
    ],
    [
      [3, 1, 9, 1],
      [3, 2, 1, 0],
    ],
    [
      [1, 6, 1],
      [2, 1, 0],
    ],
    [
      [4, 0, 3],
      [1, 0, 2],
    ],
    [[7], [0]],
    [
      [2, 70, 3, 300],
      [2, 1, 0, 3],
    ],
  ])('of %j by %j', async (shape, perm) => {
    await expectAsOnCpu(() => tf.transpose(noise(shape), perm), 0);
  });

  test('of int32 and of bool', async () => {
    await expectAsOnCpu(() => tf.transpose(tf.cast(tf.mul(noise([4, 5, 3]), 9), 'int32'), [2, 0, 1]), 0);
    await expectAsOnCpu(() => tf.transpose(tf.greater(noise([4, 5, 3]), 0), [2, 0, 1]), 0);
  });
});

describe('slice', () => {
  test.each([
    [[6], [2], [3]],
    [
      [6, 7],
      [1, 2],
      [4, -1],
    ],
    [
      [6, 7, 5],
      [1, 0, 0],
      [2, 7, 5],
    ],
    [
      [3, 6, 7, 8],
      [0, 1, 1, 3],
      [3, 4, 5, 2],
    ],
    [
      [2, 3, 4, 5, 6],
      [1, 1, 0, 2, 3],
      [1, 2, 4, 1, 3],
    ],
    [
      [3, 4],
      [1, 2],
      [0, 2],
    ],
  ])('of %j from %j, %j long, and its gradient', async (shape, begin, size) => {
    const cut = (x: tf.Tensor) => tf.slice(x, begin, size);
    await expectAsOnCpu(() => [cut(noise(shape)), tf.grad(cut)(noise(shape), cut(noise(shape, 2)))], 0);
  });

  test('beyond the end is refused', async () => {
    await tf.setBackend('wasm');
    expect(() => tf.slice(tf.ones([3, 3]), [0, 2], [3, 2])).toThrow();
  });
});

test.each([0, 1, 2, -1])('unstack, split and stack along axis %i, and their gradients', async (axis) => {
  const parts = (x: tf.Tensor) => [...tf.unstack(x, axis), ...tf.split(x, [1, 3], axis)];
  await expectAsOnCpu(() => parts(noise([4, 4, 4])), 0);
  const mix = (x: tf.Tensor) => {
    const [a, b, , d] = tf.unstack(x, axis) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    return tf.concat([...tf.split(tf.mul(x, 2), 2, axis), tf.stack([a, tf.mul(b, d)], axis)], axis);
  };
  await expectAsOnCpu(() => tf.grad(mix)(noise([4, 4, 4]), tf.ones(mix(noise([4, 4, 4])).shape)));
});

test.each([
  [[3], [2]],
  [
    [2, 3],
    [1, 4],
  ],
  [
    [2, 4, 1, 3, 5],
    [1, 1, 2, 1, 2],
  ],
  [
    [1, 1, 7],
    [5, 3, 1],
  ],
  [
    [2, 3],
    [1, 1],
  ],
])('tile of %j by %j, and its gradient up to rank 4', async (shape, reps) => {
  const tile = (x: tf.Tensor) => tf.tile(x, reps);
  if (shape.length > 4) return expectAsOnCpu(() => tile(noise(shape)), 0);
  await expectAsOnCpu(() => [tile(noise(shape)), tf.grad(tile)(noise(shape), tile(noise(shape, 2)))]);
});

test('broadcastTo', async () => {
  await expectAsOnCpu(() => tf.broadcastTo(noise([3, 1, 4]), [2, 3, 5, 4]), 0);
});

describe('gather', () => {
  test.each([0, 1, 2, -1])('along axis %i', async (axis) => {
    const indices = () => tf.tensor2d([2, 0, 2, 1, 2, 0], [2, 3], 'int32');
    await expectAsOnCpu(() => tf.gather(noise([3, 3, 5]), indices(), axis), 0);
    await expectAsOnCpu(() => tf.gather(tf.cast(tf.mul(noise([3, 3, 5]), 9), 'int32'), indices(), axis), 0);
  });

  test('with a batch of indices', async () => {
    await expectAsOnCpu(() => tf.gather(noise([2, 4, 3]), tf.tensor2d([3, 1, 0, 2], [2, 2], 'int32'), 1, 1), 0);
  });

  test('names the index that is out of range and leaks nothing', async () => {
    await tf.setBackend('wasm');
    const x = noise([3, 4]);
    const indices = tf.tensor1d([0, 3], 'int32');
    const before = tf.memory();
    expect(() => tf.gather(x, indices)).toThrow(/index 3 at place 1/);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    tf.dispose([x, indices]);
  });
});

test('a clone outlives its original, and the other way round', async () => {
  await runOn('wasm', () => {
    const x = noise([5]);
    const expected = [...x.dataSync()];
    const [first, second] = [tf.clone(x), tf.clone(x)];
    x.dispose();
    first.dispose();
    for (let i = 0; i < 5; i++) noise([5], i).dispose();
    expect([...second.dataSync()]).toEqual(expected);
    const variable = tf.variable(second);
    variable.assign(tf.clone(variable));
    expect([...variable.dataSync()]).toEqual(expected);
    variable.dispose();
    return second;
  });
});

describe('concat', () => {
  test.each([0, 1, 2, -1])('along axis %i, and its gradient', async (axis) => {
    const join = (a: tf.Tensor, b: tf.Tensor) => tf.concat([a, b, a], axis);
    const shape = (size: number) => [3, 4, 5].map((length, i) => (i === (axis + 3) % 3 ? size : length));
    await expectAsOnCpu(() => {
      const [a, b] = [noise(shape(2), 1), noise(shape(7), 2)];
      return [join(a, b), ...tf.grads(join as (...x: tf.Tensor[]) => tf.Tensor)([a, b], noise(shape(11), 3))];
    });
  });

  test('with an empty part', async () => {
    await expectAsOnCpu(() => tf.concat([tf.zeros([2, 0]), noise([2, 3]), tf.zeros([2, 0])], 1), 0);
  });

  test('interleaves parts that are one element wide', async () => {
    const columns = () => [noise([3, 1], 1), noise([3, 1], 2), noise([3, 2], 3)] as tf.Tensor2D[];
    await expectAsOnCpu(() => tf.concat(columns(), 1), 0);
    await expectAsOnCpu(() => tf.stack([noise([2, 4], 1), noise([2, 4], 2)], 2), 0);
    await expectAsOnCpu(() => tf.concat([tf.zeros([2, 1], 'int32'), tf.ones([2, 1], 'int32')], 1), 0);
  });

  test('of int32 and of bool', async () => {
    await expectAsOnCpu(() => tf.concat([tf.range(0, 5, 1, 'int32'), tf.range(3, 9, 1, 'int32')]), 0);
    await expectAsOnCpu(() => tf.concat([tf.greater(noise([5]), 0), tf.greater(noise([4]), 0)]), 0);
  });
});
