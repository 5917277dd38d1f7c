import { fc, test } from '@fast-check/vitest';
import { createRng } from '@gss/tensor';
import { expectClose, expectGradient, expectNoLeak } from '@gss/testing';
import { depthToSpace, nearestCode, padToMultiple, proceduralMask, quantize, spaceToDepth } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const factor = fc.integer({ min: 1, max: 4 });
const side = fc.integer({ min: 1, max: 3 });

test.prop([factor, side, side, side])('depthToSpace inverts spaceToDepth', (f, h, w, c) => {
  tf.tidy(() => {
    const x = tf.randomUniform([2, h * f, w * f, c], 0, 1, 'float32', 1) as tf.Tensor4D;
    const deep = spaceToDepth(x, f);
    expect(deep.shape).toEqual([2, h, w, f * f * c]);
    expectClose(depthToSpace(deep, f), x, 0);
    // The channels of a position are its square, row by row.
    expectClose(
      tf.slice(deep, [0, 0, 0, 0], [1, 1, 1, f * f * c]),
      tf.reshape(tf.slice(x, [0, 0, 0, 0], [1, f, f, c]), [-1]),
      0,
    );
  });
});

test('shuffles have gradients and refuse odd sizes', () => {
  expectGradient((x) => spaceToDepth(x as tf.Tensor4D, 2), tf.randomNormal([1, 4, 6, 2], 0, 1, 'float32', 1));
  expectGradient((x) => depthToSpace(x as tf.Tensor4D, 2), tf.randomNormal([1, 2, 3, 8], 0, 1, 'float32', 1));
  expect(() => spaceToDepth(tf.zeros([1, 3, 4, 1]), 2)).toThrow('multiples of 2');
  expect(() => depthToSpace(tf.zeros([1, 3, 4, 3]), 2)).toThrow('multiples of 4');
});

test.prop([fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 4 })])(
  'padding repeats the border',
  (h, w, f) => {
    tf.tidy(() => {
      const x = tf.randomUniform([1, h, w, 2], 0, 1, 'float32', 1) as tf.Tensor4D;
      const padded = padToMultiple(x, f);
      const [, H, W] = padded.shape;
      expect([H % f, W % f, H - h < f, W - w < f]).toEqual([0, 0, true, true]);
      expectClose(tf.slice(padded, [0, 0, 0, 0], [1, h, w, 2]), x, 0);
      expectClose(
        tf.slice(padded, [0, H - 1, W - 1, 0], [1, 1, 1, 2]),
        tf.slice(x, [0, h - 1, w - 1, 0], [1, 1, 1, 2]),
        0,
      );
    });
  },
);

test('the nearest code is found, the lowest of equals', () => {
  const codebook = tf.tensor2d([
    [0, 0],
    [3, 4],
    [3, 4],
    [-2, 1],
  ]);
  const z = tf.tensor4d([0.1, -0.1, 2, 5, -1, 1, 1.4, 2], [1, 2, 2, 2]);
  expectClose(nearestCode(z, codebook), [0, 1, 3, 0], 0);
  expect(() => nearestCode(tf.zeros([1, 1, 1, 3]), codebook)).toThrow('[B, h, w, 2]');
  expectNoLeak(() => nearestCode(z, codebook));
});

test('quantisation passes the gradient straight through and pulls codes and vectors together', () => {
  const codebook = tf.tensor2d([
    [0, 0],
    [1, 1],
  ]);
  const z = tf.tensor4d([0.25, 0, 0.75, 1], [1, 1, 2, 2]);
  const q = quantize(z, codebook);
  expectClose(q.quantized, [0, 0, 1, 1], 0);
  expectClose(q.tokens, [0, 1], 0);
  const mean = (0.0625 * 2) / 4;
  expectClose(q.codebook, [mean], 1e-6);
  expectClose(q.commitment, [mean], 1e-6);
  const weights = tf.tensor4d([1, 2, 3, 4], [1, 1, 2, 2]);
  const through = tf.grads((z, e) => tf.sum(tf.mul(quantize(z as tf.Tensor4D, e as tf.Tensor2D).quantized, weights)));
  const [dz, de] = through([z, codebook]) as [tf.Tensor, tf.Tensor];
  expectClose(dz, weights, 0);
  expectClose(de, [0, 0, 0, 0], 0);
  const pull = tf.grads((z, e) => quantize(z as tf.Tensor4D, e as tf.Tensor2D).codebook as tf.Tensor);
  const [none, towards] = pull([z, codebook]) as [tf.Tensor, tf.Tensor];
  expectClose(none, [0, 0, 0, 0], 0);
  expectClose(towards, [-0.125, 0, 0.125, 0], 1e-6);
});

test('procedural masks hold their labels, repeat with their seed and show thin things', () => {
  const config = { width: 64, height: 48, classes: 6 };
  const mask = proceduralMask(createRng(3), config);
  expect(mask.length).toBe(64 * 48);
  expect(Math.max(...mask)).toBeLessThan(6);
  expect(proceduralMask(createRng(3), config)).toEqual(mask);
  expect(proceduralMask(createRng(4), config)).not.toEqual(mask);
  const labels = new Set<number>();
  const rng = createRng(5);
  for (let i = 0; i < 10; i++) for (const label of proceduralMask(rng, config)) labels.add(label);
  expect(labels.size).toBe(6);
  expect(() => proceduralMask(rng, { ...config, classes: 0 })).toThrow('0 classes');
});
