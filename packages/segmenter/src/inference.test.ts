import { expectClose, expectNoLeak } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { flipMap, inferLogits, inferProbabilities, restoreSize, windowStarts } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

const image = (h: number, w: number, seed = 1) => tf.randomNormal([1, h, w, 3], 0, 1, 'float32', seed) as tf.Tensor4D;
/** A network that sees each pixel alone, so that windows must join to the whole. */
const pointwise = (x: tf.Tensor4D) => tf.mul(x, 2) as tf.Tensor4D;

test('windows start every stride, cover the side and end at its edge', () => {
  const side = fc.integer({ min: 1, max: 60 });
  fc.assert(
    fc.property(side, side, fc.double({ min: 0.1, max: 1, noNaN: true }), (size, crop, share) => {
      const starts = windowStarts(size, crop, Math.max(1, Math.floor(crop * share)));
      const covered = new Set(starts.flatMap((start) => Array.from({ length: crop }, (_, i) => start + i)));
      for (let i = 0; i < size; i++) expect(covered.has(i)).toBe(true);
      expect(Math.min(...starts)).toBe(0);
      if (size >= crop) expect(Math.max(...starts)).toBe(size - crop);
    }),
  );
});

test('joined windows of a pointwise network are the whole', async () => {
  const x = image(13, 10);
  const joined = await inferLogits(x, pointwise, { slide: { crop: [6, 4], stride: [4, 3] } });
  expectClose(joined, pointwise(x), 1e-6);
});

test('windows larger than the image are the image', async () => {
  const x = image(5, 7);
  const sizes: number[][] = [];
  const run = (part: tf.Tensor4D) => {
    sizes.push(part.shape);
    return pointwise(part);
  };
  expectClose(await inferLogits(x, run, { slide: { crop: [16, 16], stride: [8, 8] } }), pointwise(x), 0);
  expect(sizes).toEqual([[1, 5, 7, 3]]);
});

test('padding is cut off before resizing', () => {
  const x = image(4, 6);
  const padded = tf.pad(x, [
    [0, 0],
    [0, 3],
    [0, 2],
    [0, 0],
  ]) as tf.Tensor4D;
  const sizes = { unpadded: [4, 6], original: [9, 11] } as const;
  expectClose(restoreSize(padded, sizes), restoreSize(x, sizes), 0);
  expect(restoreSize(x, sizes).shape).toEqual([1, 9, 11, 3]);
  expectNoLeak(() => restoreSize(padded, sizes));
  expect(() => restoreSize(x, { unpadded: [5, 6], original: [9, 9] })).toThrow(/at least 5×6.*got \[1, 4, 6, 3\]/);
});

test.each(['horizontal', 'vertical'] as const)('a %s flip of the input is undone', async (flip) => {
  const x = image(4, 5);
  const straight = await inferProbabilities(x, pointwise);
  const back = await inferProbabilities(flipMap(x, flip), pointwise, { flip });
  expectClose(back, straight, 1e-6);
  expectClose(tf.sum(back, 3), tf.ones([1, 4, 5]), 1e-5);
});

test('keeps only what it returns', async () => {
  const x = image(6, 6);
  const before = tf.memory().numTensors;
  const result = await inferProbabilities(x, pointwise, {
    slide: { crop: [4, 4], stride: [2, 2] },
    rescale: { unpadded: [5, 5], original: [8, 8] },
    flip: 'horizontal',
  });
  expect(result.shape).toEqual([1, 8, 8, 3]);
  result.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
