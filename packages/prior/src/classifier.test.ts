import { classifierSpec, classifyTokens, tieClassifier } from '@gss/prior';
import { countParams, createRng, initParams, leavesOf, mapTree } from '@gss/tensor';
import { expectClose } from '@gss/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';

const [V, pixels, K, C] = [3, 4, 2, 5];
const config = { classifierChannels: C, vocabulary: V, classifier: 'tied', classifierRank: pixels * K } as const;
beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Codes whose four pixels show these classes. */
const shown = [
  [0, 0, 0, 0],
  [0, 1, 0, 1],
  [1, 1, 1, 1],
];
const table = () =>
  tf.tensor2d(
    shown.map((square) => square.flatMap((c) => (c === 0 ? [1, 0] : [0, 1]))),
    [V, pixels * K],
  );

test('a code’s logit is the sum of its pixels’ class logits and ln of its frequency', () => {
  const fresh = initParams({ conv_seg: classifierSpec(config) }, createRng(4)).conv_seg;
  const tied = tieClassifier(fresh, table(), [1, 7, 0]);
  const x = tf.randomNormal([1, 2, 3, C], 0, 3, 'float32', 9) as tf.Tensor4D;
  const [first] = tied as unknown as readonly [{ weight: tf.Tensor4D; bias: tf.Tensor1D }];
  const each = tf.add(tf.matMul(tf.reshape(x, [6, C]), tf.reshape(first.weight, [C, pixels * K])), first.bias);
  const y = each.arraySync() as number[][];
  const shares = [1.5, 7.5, 0.5].map((count) => Math.log(count / 9.5));
  const expected = y.map((place) =>
    shown.map((square, z) => square.reduce((sum, c, p) => sum + place[p * K + c]!, shares[z]!)),
  );
  expectClose(classifyTokens(x, tied), tf.tensor(expected.flat(), [1, 2, 3, V]), 1e-6);
});

test('without frequencies the biases stay', () => {
  const fresh = initParams({ conv_seg: classifierSpec(config) }, createRng(4)).conv_seg;
  const known = mapTree(fresh, (p, name) => (name === '1.bias' ? tf.tensor1d([1, 2, 3]) : p)) as typeof fresh;
  const tied = tieClassifier(known, table());
  const zero = tf.zeros([1, 1, 1, C]) as tf.Tensor4D;
  expectClose(classifyTokens(zero, tied), tf.tensor([1, 2, 3], [1, 1, 1, V]), 1e-6);
});

test('refuses a table that does not fit, and a rank that is not given', () => {
  const fresh = initParams({ conv_seg: classifierSpec(config) }, createRng(4)).conv_seg;
  expect(() => tieClassifier(fresh, tf.zeros([V, 6]))).toThrow(/tied classifier of a table \[3, 6\]/);
  const full = initParams({ conv_seg: classifierSpec({ ...config, classifier: 'full' }) }, createRng(4)).conv_seg;
  expect(() => tieClassifier(full, table())).toThrow(/Check classifierRank/);
  const { classifierRank: _, ...without } = config;
  expect(() => classifierSpec(without)).toThrow(/needs classifierRank, pixels of a square times classes/);
});

test('a low-rank classifier is the product of its two matrices, with names that a PyTorch Sequential has', () => {
  const low = { classifierChannels: 8, vocabulary: V, classifier: 'low-rank' } as const;
  const spec = { conv_seg: classifierSpec(low) };
  expect(leavesOf(spec).map(({ name }) => name)).toEqual(['conv_seg.0.weight', 'conv_seg.1.weight', 'conv_seg.1.bias']);
  expect(countParams(spec)).toBe(8 * 2 + 2 * V + V); // a quarter of the channels
  const params = initParams(spec, createRng(3)).conv_seg;
  const [down, up] = params as unknown as readonly [{ weight: tf.Tensor4D }, { weight: tf.Tensor4D }];
  const x = tf.randomNormal([1, 2, 3, 8], 0, 1, 'float32', 5) as tf.Tensor4D;
  const whole = tf.matMul(tf.reshape(down.weight, [8, 2]), tf.reshape(up.weight, [2, V]));
  const expected = tf.reshape(tf.matMul(tf.reshape(x, [6, 8]), whole), [1, 2, 3, V]);
  expectClose(classifyTokens(x, params), expected, 1e-6);
  expect(() => classifierSpec({ ...low, classifierRank: 9 })).toThrow(
    /classifierRank 9 .* from 1 to classifierChannels, 8/,
  );
});

test('the initial logits of a low-rank classifier are as spread as those of the full one', () => {
  const spread = (classifier: 'full' | 'low-rank') => {
    const paper = { classifierChannels: 256, vocabulary: 512, classifier } as const;
    const params = initParams({ conv_seg: classifierSpec(paper) }, createRng(6)).conv_seg;
    const x = tf.relu(tf.randomNormal([1, 8, 8, 256], 0, 1, 'float32', 7)) as tf.Tensor4D;
    return tf.sqrt(tf.moments(classifyTokens(x, params)).variance).dataSync()[0]!;
  };
  expect(spread('low-rank') / spread('full')).toBeGreaterThan(0.8);
  expect(spread('low-rank') / spread('full')).toBeLessThan(1.25);
});
