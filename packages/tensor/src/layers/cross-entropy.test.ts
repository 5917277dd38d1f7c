import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { expectClose, expectGradient, expectNoLeak } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, test } from 'vitest';
import { crossEntropyRows } from './cross-entropy.js';

const values = [2, -1, 0.5, 0, 0, 0, -3, 4, 1, 7, 7, 6];

describe.each(['cpu', 'wasm'])('crossEntropyRows on %s', (backend) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
    if (backend === 'wasm') registerWasmKernels();
  });
  const logits = () => tf.tensor3d(values, [2, 2, 3]);
  const targets = () => tf.tensor2d([0, 255, 1, 2], [2, 2], 'int32');

  test('is −log softmax at the target, 0 where ignored', () => {
    const row = (i: number) => values.slice(3 * i, 3 * i + 3);
    const expected = [0, 255, 1, 2].map((target, i) =>
      target === 255 ? 0 : Math.log(row(i).reduce((sum, x) => sum + Math.exp(x), 0)) - row(i)[target]!,
    );
    expectClose(crossEntropyRows(logits(), targets(), 255), expected, 1e-5);
  });

  test('has a true gradient, none where ignored; leaks nothing', () => {
    const [x, z] = [logits(), targets()];
    expectGradient((x) => crossEntropyRows(x, z, 255), x);
    const gradient = tf
      .grad((x: tf.Tensor) => tf.sum(crossEntropyRows(x, z, 255)))(x)
      .dataSync();
    expect([...gradient.slice(3, 6)]).toEqual([0, 0, 0]);
    expectNoLeak(() => crossEntropyRows(x, z, 255));
  });

  test('stands large logits', () => {
    const losses = crossEntropyRows(tf.mul(logits(), 1e30), tf.zeros([2, 2], 'int32'), 255).dataSync();
    expect(losses[0]).toBeCloseTo(0);
    expect([...losses].some(Number.isNaN)).toBe(false);
  });

  test('refuses a wrong number of targets', () => {
    expect(() => crossEntropyRows(logits(), tf.zeros([3], 'int32'), 255)).toThrow(
      /crossEntropyRows: expected 4 targets for logits \[2, 2, 3\], got \[3\]/,
    );
  });
});
