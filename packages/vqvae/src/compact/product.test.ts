import { countParams, createRng, initParams } from '@gss/tensor';
import { expectClose, expectNoLeak } from '@gss/testing';
import {
  type CompactConfig,
  compactLoss,
  compactSpec,
  compactTokenizer,
  compactVariants,
  vocabularyOf,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));
const config: CompactConfig = { ...compactVariants.nano, codes: 6, groups: 2, decoderBlocks: 1 };

test('a product code names one code of each group: decode(encode) picks the nearest of both', () => {
  const p = initParams(compactSpec(config), createRng(4));
  expect(p.codebook.shape).toEqual([12, 24]);
  const tokenizer = compactTokenizer(config, p);
  expect(tokenizer.vocabulary).toBe(36);
  const image = tf.randomUniform([1, 8, 8, 3], 0, 1, 'float32', 3) as tf.Tensor4D;
  const tokens = tokenizer.encode(image);
  const { tokens: trained } = compactLoss(image, p, config);
  expect([...tokens.dataSync()]).toEqual([...trained.dataSync()]);
  const { z } = compactLoss(image, p, config);
  const book = p.codebook.arraySync();
  const vectors = tf.reshape(z, [4, 48]).arraySync() as number[][];
  const nearest = (part: number[], from: number) => {
    const far = book.slice(from, from + 6).map((code) => code.reduce((sum, v, i) => sum + (v - part[i]!) ** 2, 0));
    return far.indexOf(Math.min(...far));
  };
  const expected = vectors.map((v) => 6 * nearest(v.slice(0, 24), 0) + nearest(v.slice(24), 6));
  expect([...tokens.dataSync()]).toEqual(expected);
  const oneHot = tf.oneHot(tokens, 36) as tf.Tensor4D;
  expectClose(tokenizer.decodeProbabilities(oneHot), tokenizer.decode(tokens), 1e-5);
  expectNoLeak(() => tokenizer.decode(tokens));
  expectNoLeak(() => tokenizer.decodeProbabilities(oneHot));
});

test('one group is the plain codebook; what cannot be named is refused', () => {
  expect(countParams(compactSpec({ ...config, groups: 1 }))).toBe(countParams(compactSpec(config)) - 6 * 48 + 6 * 48);
  expect(() => vocabularyOf({ codes: 8, codeDim: 48, groups: 5 })).toThrow(
    '5 groups do not divide a code of 48 numbers',
  );
  expect(() => vocabularyOf({ codes: 8192, codeDim: 48, groups: 2 })).toThrow('expected at most 16777216');
});
