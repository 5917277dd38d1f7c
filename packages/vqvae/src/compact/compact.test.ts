import { countParams, createRng, initParams } from '@gss/tensor';
import { expectClose, expectGradient, expectNoLeak } from '@gss/testing';
import {
  type CompactConfig,
  compactDecoder,
  compactEncoder,
  compactLoss,
  compactSpec,
  compactTokenizer,
  compactVariants,
  paletteCrossEntropy,
  reconstruct,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { colours, paintedMasks } from './test-masks.js';

beforeAll(() => tf.setBackend('cpu'));
const tiny: CompactConfig = { ...compactVariants.nano, decoderBlocks: 1, codes: 64 };

test('variants stay within their budgets', () => {
  expect(countParams(compactSpec(compactVariants.nano))).toBeLessThan(150_000);
  for (const config of Object.values(compactVariants)) expect(countParams(compactSpec(config))).toBeLessThan(2_000_000);
});

test.each([4, 8])('a fresh model without quantisation is the identity (d = %i)', (downsample) => {
  const size = downsample ** 2 * 3;
  const config = { ...tiny, downsample, width: size, codeDim: size };
  const p = initParams(compactSpec(config), createRng(1));
  const image = tf.randomUniform([1, 16, 24, 3], 0, 1, 'float32', 2) as tf.Tensor4D;
  const z = compactEncoder(image, p.encoder, config);
  expect(z.shape).toEqual([1, 16 / downsample, 24 / downsample, size]);
  expectClose(compactDecoder(z, p.decoder, config), image, 1e-5);
});

test('encodes any size by repeating its border, and leaks nothing', () => {
  const p = initParams(compactSpec(tiny), createRng(1));
  const tokenizer = compactTokenizer(tiny, p);
  const image = tf.randomUniform([2, 13, 18, 3], 0, 1, 'float32', 2) as tf.Tensor4D;
  const tokens = tokenizer.encode(image);
  expect([tokens.shape, tokens.dtype]).toEqual([[2, 4, 5], 'int32']);
  expect(reconstruct(tokenizer, image).shape).toEqual([2, 13, 18, 3]);
  const decoded = tokenizer.decode(tokens);
  expect(tf.min(decoded).dataSync()[0]).toBeGreaterThanOrEqual(0);
  expect(tf.max(decoded).dataSync()[0]).toBeLessThanOrEqual(1);
  const oneHot = tf.oneHot(tokens, tiny.codes) as tf.Tensor4D;
  expectClose(tokenizer.decodeProbabilities(oneHot), decoded, 1e-5);
  expectNoLeak(() => tokenizer.encode(image));
  expectNoLeak(() => tokenizer.decode(tokens));
  expectNoLeak(() => tokenizer.decodeProbabilities(oneHot));
});

test('refuses what it cannot take', () => {
  const tokenizer = compactTokenizer(tiny, initParams(compactSpec(tiny), createRng(1)));
  expect(() => tokenizer.encode(tf.zeros([1, 8, 8, 1]))).toThrow('expected [B, H, W, 3], got [1, 8, 8, 1]');
  expect(() => tokenizer.encode(tf.zeros([1, 0, 8, 3]))).toThrow('at least one pixel');
  expect(() => tokenizer.decode(tf.tensor3d([64], [1, 1, 1], 'int32'))).toThrow('tokens in [0, 64), got 64');
  const trusting = compactTokenizer(tiny, initParams(compactSpec(tiny), createRng(1)), { checkTokens: false });
  expect(trusting.decode(tf.zeros([1, 1, 1], 'int32')).shape).toEqual([1, 4, 4, 3]);
  const p = initParams(compactSpec(tiny), createRng(1));
  expect(() => compactLoss(tf.zeros([1, 10, 8, 3]), p, tiny)).toThrow('multiples of 4');
});

test('the palette term is the cross entropy of the nearest-colour inverse', () => {
  const palette = tf.tensor2d(colours);
  const image = paintedMasks(1, 8);
  const output = tf.randomUniform([1, 8, 8, 3], 0, 1, 'float32', 3) as tf.Tensor4D;
  const difference = tf.sub(tf.reshape(output, [-1, 1, 3]), tf.reshape(palette, [1, 4, 3]));
  const logits = tf.div(tf.neg(tf.sum(tf.square(difference), 2)), 0.2);
  const exact = tf.equal(tf.sum(tf.abs(tf.sub(tf.reshape(image, [-1, 1, 3]), tf.reshape(palette, [1, 4, 3]))), 2), 0);
  const expected = tf.losses.softmaxCrossEntropy(tf.cast(exact, 'float32'), logits);
  expectClose(paletteCrossEntropy(output, image, palette, 0.2), expected, 1e-5);
  expectGradient((x) => paletteCrossEntropy(x as tf.Tensor4D, image, palette, 0.2), output);
});

test('the decoder has a true gradient', () => {
  const config = { ...tiny, width: 8, codeDim: 4 };
  const p = initParams(compactSpec(config), createRng(3));
  expectGradient(
    (z) => compactDecoder(z as tf.Tensor4D, p.decoder, config),
    tf.randomNormal([1, 3, 4, 4], 0, 1, 'float32', 1),
  );
});
