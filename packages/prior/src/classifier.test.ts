import { classifierSpec, classifyTokens, tieClassifier } from '@gss/prior';
import { createRng, initParams, mapTree } from '@gss/tensor';
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
