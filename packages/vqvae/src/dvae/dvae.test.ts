import { countParams, leavesOf, loadParams } from '@gss/tensor';
import { expectClose, expectNoLeak, readGolden } from '@gss/testing';
import {
  type DvaeConfig,
  dvaeDecoder,
  dvaeDecoderSpec,
  dvaeEncoder,
  dvaeEncoderSpec,
  dvaeImage,
  dvaeSpec,
  dvaeTokenizer,
  dvaeVariants,
  embedProbabilities,
  embedTokens,
  mapPixels,
  reconstruct,
  unmapPixels,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';

const config: DvaeConfig = { channels: 3, hidden: 8, init: 12, blocksPerGroup: 1, vocabulary: 32 };
const golden = readGolden('dvae-one-block');
const load = () => loadParams('dvae', dvaeSpec(config), golden.params());
beforeAll(() => tf.setBackend('cpu'));

test('equals the reference from image to tokens and back', () => {
  const params = load();
  const mapped = mapPixels(golden.nhwc('input.image'));
  expectClose(mapped, golden.nhwc('output.mapped'), 1e-6);
  const logits = dvaeEncoder(mapped, params.encoder, config);
  expectClose(logits, golden.nhwc('output.logits'), 1e-5, 1e-4);
  const tokens = tf.argMax(logits, 3) as tf.Tensor3D;
  expectClose(tokens, golden.tensor('output.tokens'), 0);
  const decoded = dvaeDecoder(embedTokens(tokens, params.decoder), params.decoder, config);
  expectClose(decoded, golden.nhwc('output.decoder6'), 1e-5, 1e-4);
  expectClose(dvaeImage(decoded), golden.nhwc('output.unmapped'), 1e-5);
  const soft = embedProbabilities(golden.nhwc('input.soft_code'), params.decoder);
  expectClose(dvaeDecoder(soft, params.decoder, config), golden.nhwc('output.decoder6_soft'), 1e-5, 1e-4);
});

test('the tokenizer gives the same tokens and image, and leaks nothing', () => {
  const tokenizer = dvaeTokenizer(config, load());
  const image = golden.nhwc('input.image');
  expectClose(tokenizer.encode(image), golden.tensor('output.tokens'), 0);
  const tokens = golden.tensor('output.tokens') as tf.Tensor3D;
  expectClose(tokenizer.decode(tokens), golden.nhwc('output.unmapped'), 1e-5);
  const oneHot = tf.oneHot(tokens, config.vocabulary) as tf.Tensor4D;
  expectClose(tokenizer.decodeProbabilities(oneHot), golden.nhwc('output.unmapped'), 1e-5);
  expectNoLeak(() => tokenizer.encode(image));
  expectNoLeak(() => tokenizer.decode(tokens));
  expectNoLeak(() => tokenizer.decodeProbabilities(oneHot));
  expect(reconstruct(tokenizer, tf.zeros([1, 13, 21, 3])).shape).toEqual([1, 13, 21, 3]);
});

test('the published model has its parameters under its names', () => {
  expect(countParams(dvaeEncoderSpec(dvaeVariants.paper))).toBe(53_786_240);
  expect(countParams(dvaeDecoderSpec(dvaeVariants.paper))).toBe(43_829_766);
  const names = leavesOf(dvaeSpec(dvaeVariants.paper)).map(({ name }) => name);
  expect(names).toContain('encoder.blocks.group_2.block_1.id_path.w');
  expect(names).toContain('decoder.blocks.group_4.block_2.res_path.conv_4.b');
  expect(names).not.toContain('encoder.blocks.group_1.block_1.id_path.w');
});

test('pixels map into [0.1, 0.9] and back', () => {
  const x = tf.tensor4d([0, 0.25, 1], [1, 1, 1, 3]);
  expectClose(mapPixels(x), [0.1, 0.3, 0.9], 1e-6);
  expectClose(unmapPixels(mapPixels(x)), x, 1e-6);
});

test('has the gradient of the reference', () => {
  const params = load();
  const targets = tf.oneHot(tf.reshape(golden.tensor('input.target_tokens'), [-1]), config.vocabulary);
  const loss = (x: tf.Tensor) =>
    tf.losses.softmaxCrossEntropy(
      targets,
      tf.reshape(dvaeEncoder(mapPixels(x as tf.Tensor4D), params.encoder, config), [-1, config.vocabulary]),
    ) as tf.Scalar;
  expectClose(tf.grad(loss)(golden.nhwc('input.image')), golden.nhwc('grad.image'), 0, 1e-4);
});

test('foreign tokens and images are refused', () => {
  const tokenizer = dvaeTokenizer(config, load());
  expect(() => tokenizer.encode(tf.zeros([1, 8, 8, 4]))).toThrow('dvaeTokenizer.encode: expected [B, H, W, 3]');
  expect(() => tokenizer.decode(tf.tensor3d([32], [1, 1, 1], 'int32'))).toThrow('got 32 at position 0');
  expect(() => tokenizer.decode(tf.tensor3d([1], [1, 1, 1]))).toThrow('int32');
  expect(() => tokenizer.decodeProbabilities(tf.zeros([1, 1, 1, 8]))).toThrow('[B, h, w, 32]');
});
