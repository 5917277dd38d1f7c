import { createRng, initParams, loadParams } from '@gss/tensor';
import { expectClose, expectNoLeak, readGolden } from '@gss/testing';
import {
  antialiasedMatrix,
  codeDropout,
  codewords,
  fromFlax,
  fromPatches,
  reconstruct,
  splitMostFrequent,
  toPatches,
  type UvimConfig,
  type UvimLanguageConfig,
  updateDictionary,
  uvimDecoder,
  uvimEncoder,
  uvimGreedyCodes,
  uvimLanguageDecoder,
  uvimLanguageEncoder,
  uvimLanguageSpec,
  uvimLoss,
  uvimQuantize,
  uvimSpec,
  uvimTokenizer,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const stage1: UvimConfig = {
  classes: 5,
  inputSize: [8, 12],
  patchSize: [2, 2],
  width: 16,
  heads: 2,
  hidden: 32,
  encoderDepth: 1,
  decoderDepth: 1,
  codeLength: 6,
  codes: 12,
  codeDim: 8,
  bottleneckResize: false,
  encoderContext: false,
  decoderContext: false,
  positions: 'learn',
};
const withContext: UvimConfig = {
  ...stage1,
  inputSize: [12, 12],
  patchSize: [3, 3],
  heads: 4,
  hidden: 24,
  encoderDepth: 2,
  codeLength: 9,
  codes: 10,
  codeDim: 6,
  bottleneckResize: true,
  encoderContext: true,
  decoderContext: true,
  positions: 'sincos2d',
};

const read = (name: string, config: UvimConfig) => {
  const golden = readGolden(name);
  const params = [...fromFlax(golden.params())].map(([key, value]) => [`params.${key}`, value] as const);
  const state = [...golden.params('state.')].map(([key, value]) => [`state.${key}`, value] as const);
  const patches = golden.tensor('input.semantics') as tf.Tensor4D;
  const context = golden.tensors.has('input.context_image');
  const image = context ? (golden.tensor('input.context_image') as tf.Tensor4D) : undefined;
  return { golden, params: loadParams('uvim', uvimSpec(config), new Map([...params, ...state])), patches, image };
};

test.each([
  ['uvim-stage1', stage1],
  ['uvim-stage1-context', withContext],
] as const)('%s equals the reference', (name, config) => {
  const { golden, params, patches, image } = read(name, config);
  const bottleneck = uvimEncoder(patches, params, config, image);
  const { quantized, code } = uvimQuantize(bottleneck, params);
  expectClose(codewords(params.state), golden.tensor('output.codewords'), 1e-6);
  expectClose(bottleneck, golden.tensor('output.bottleneck'), 5e-6);
  expectClose(code, golden.tensor('output.code'), 0);
  expectClose(uvimDecoder(quantized, params, config, image), golden.tensor('output.logits'), 5e-6);
  expectClose(uvimLoss(patches, params, config, image ? { image } : {}).loss, golden.tensor('output.loss'), 5e-6);
  expectNoLeak(() => uvimEncoder(patches, params, config, image));
  expectNoLeak(() => uvimDecoder(quantized, params, config, image));
});

test('the codebook moves and splits as the reference does', () => {
  const { golden, params, patches } = read('uvim-stage1', stage1);
  const floats = (name: string) => golden.tensor(name).dataSync() as Float32Array;
  const state = { dictionary: floats('state.dictionary'), counts: floats('state.counts') };
  const bottleneck = uvimEncoder(patches, params, stage1);
  const codes = uvimQuantize(bottleneck, params).code.dataSync();
  const next = updateDictionary(state, bottleneck.dataSync() as Float32Array, codes, createRng(1));
  expectClose(next.counts, floats('output.train.counts'), 1e-5);
  expectClose(next.dictionary, floats('output.train.dictionary'), 1e-5);
  const split = splitMostFrequent({ ...state, counts: floats('split.input.counts') }, floats('split.input.factors'));
  expectClose(split.counts, floats('split.output.counts'), 1e-6);
  expectClose(split.dictionary, floats('split.output.dictionary'), 1e-6);
});

test('unused codes are split away until none is left', () => {
  const state = { dictionary: new Float32Array(8).fill(0.5), counts: Float32Array.of(20, 0.01, 0.02, 3) };
  const next = updateDictionary(state, new Float32Array(2), [0], createRng(1));
  expect(Math.min(...next.counts)).toBeGreaterThanOrEqual(0.1);
  expect(() =>
    updateDictionary({ ...state, counts: new Float32Array(4) }, new Float32Array(0), [], createRng(1)),
  ).toThrow('decayed below 0.1');
});

test('stage II equals the reference, and decodes greedily', () => {
  const golden = readGolden('uvim-stage2');
  const config: UvimLanguageConfig = {
    inputSize: [16, 24],
    patchSize: [4, 4],
    width: 16,
    heads: 2,
    hidden: 32,
    layers: 2,
    codes: 20,
    codeLength: 6,
  };
  const params = loadParams('uvim', uvimLanguageSpec(config), fromFlax(golden.params()));
  const image = golden.tensor('input.image') as tf.Tensor4D;
  const encoded = uvimLanguageEncoder(image, params, config);
  expectClose(encoded, golden.tensor('output.encoded'), 1e-5);
  const tokens = golden.tensor('input.tokens') as tf.Tensor2D;
  expectClose(uvimLanguageDecoder(encoded, tokens, params, config), golden.tensor('output.logits'), 1e-5);
  expectClose(uvimGreedyCodes(image, params, config), golden.tensor('output.greedy_tokens'), 0);
  expectNoLeak(() => uvimGreedyCodes(image, params, config));
});

test('code dropout keeps a uniform share of the codes, anywhere or from the start', () => {
  const n = 9;
  const rows = (kind: 'random' | 'ordered') =>
    codeDropout(400, n, kind, createRng(4)).squeeze([2]).arraySync() as number[][];
  for (const kind of ['random', 'ordered'] as const) {
    const kept = rows(kind).map((row) => row.reduce((sum, v) => sum + v, 0));
    for (let count = 0; count <= n; count++) {
      const share = kept.filter((k) => k === count).length / 400;
      expect(Math.abs(share - 1 / (n + 1))).toBeLessThan(0.06);
    }
  }
  expect(rows('ordered').every((row) => row.every((v, i) => i === 0 || v <= row[i - 1]!))).toBe(true);
  expect(rows('random').some((row) => row[0] === 0 && row[n - 1] === 1)).toBe(true);
  const params = initParams(uvimSpec(stage1), createRng(2));
  const patches = tf.oneHot(tf.zeros([1, 24, 4], 'int32'), 5).transpose([0, 1, 3, 2]) as tf.Tensor4D;
  const loss = (mask?: tf.Tensor3D) => uvimLoss(patches, params, stage1, mask ? { mask } : {}).loss.dataSync()[0];
  expect(loss(tf.ones([1, 6, 1]))).toBe(loss());
});

test('patches join back, and shrinking averages', () => {
  const map = tf.randomUniform([2, 6, 8, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
  const patches = toPatches(map, [3, 2]);
  expect(patches.shape).toEqual([2, 8, 3, 6]);
  expectClose(fromPatches(patches, [6, 8], [3, 2]), map, 0);
  expectClose(antialiasedMatrix(4, 2), [3 / 7, 3 / 7, 1 / 7, 0, 0, 1 / 7, 3 / 7, 3 / 7], 1e-6);
  expectClose(antialiasedMatrix(2, 4), [1, 0, 0.75, 0.25, 0.25, 0.75, 0, 1], 1e-6);
});

test('the tokenizer gives probabilities of the classes', () => {
  const params = initParams(uvimSpec(withContext), createRng(2));
  const image = tf.randomUniform([1, 12, 12, 3], 0, 1, 'float32', 2) as tf.Tensor4D;
  const tokenizer = uvimTokenizer(withContext, params);
  expect([tokenizer.downsample, tokenizer.multiple, tokenizer.needsContext]).toEqual([4, 12, true]);
  const map = tf.oneHot(tf.randomUniform([1, 12, 12], 0, 5, 'int32', 3), 5) as tf.Tensor4D;
  const tokens = tokenizer.encode(map, image);
  expect([tokens.shape, tokens.dtype]).toEqual([[1, 3, 3], 'int32']);
  const decoded = tokenizer.decode(tokens, image);
  expectClose(tf.sum(decoded, 3), tf.ones([1, 12, 12]), 1e-5);
  expectClose(tokenizer.decodeProbabilities(tf.oneHot(tokens, 10) as tf.Tensor4D, image), decoded, 1e-5);
  expectNoLeak(() => tokenizer.encode(map, image));
  expectNoLeak(() => tokenizer.decode(tokens, image));
});

test('maps of any size are coded square by square', () => {
  const params = initParams(uvimSpec(withContext), createRng(2));
  const tokenizer = uvimTokenizer(withContext, params);
  const image = tf.randomUniform([2, 12, 24, 3], 0, 1, 'float32', 2) as tf.Tensor4D;
  const map = tf.oneHot(tf.randomUniform([2, 12, 24], 0, 5, 'int32', 3), 5) as tf.Tensor4D;
  const half = (x: tf.Tensor4D) => tf.slice(x, [0, 0, 12, 0], [2, 12, 12, x.shape[3]]);
  const tokens = tokenizer.encode(map, image);
  expect(tokens.shape).toEqual([2, 3, 6]);
  expectClose(tf.slice(tokens, [0, 0, 3], [2, 3, 3]), tokenizer.encode(half(map), half(image)), 0);
  expectClose(
    half(tokenizer.decode(tokens, image)),
    tokenizer.decode(tf.slice(tokens, [0, 0, 3], [2, 3, 3]), half(image)),
    1e-5,
  );
  const odd = tf.slice(map, [0, 0, 0, 0], [2, 7, 19, 5]);
  const photo = tf.slice(image, [0, 0, 0, 0], [2, 7, 19, 3]);
  expect(tokenizer.encode(odd, photo).shape).toEqual([2, 3, 6]);
  expect(reconstruct(tokenizer, odd, photo).shape).toEqual([2, 7, 19, 5]);
});

test('the tokenizer refuses what does not fit', () => {
  const params = initParams(uvimSpec(withContext), createRng(2));
  const tokenizer = uvimTokenizer(withContext, params);
  const [map, image] = [tf.zeros<tf.Rank.R4>([1, 12, 12, 5]), tf.zeros<tf.Rank.R4>([1, 12, 12, 3])];
  expect(() => tokenizer.encode(map)).toThrow('side image');
  expect(() => tokenizer.encode(tf.zeros([1, 12, 12, 3]), image)).toThrow('[B, H, W, 5]');
  expect(() => tokenizer.encode(map, tf.zeros([1, 24, 12, 3]))).toThrow('photo of the same pixels');
  expect(() => tokenizer.decode(tf.zeros([1, 4, 3], 'int32'), image)).toThrow('multiples of 3');
  expect(() => tokenizer.decode(tf.fill([1, 3, 3], 10, 'int32'), image)).toThrow('tokens in [0, 10), got 10');
  expect(() => uvimTokenizer(stage1, params)).toThrow('no square');
});

test('with pixels the tokenizer gives images, not probabilities', () => {
  const config: UvimConfig = { ...withContext, classes: 3, output: 'pixels' };
  const params = initParams(uvimSpec(config), createRng(2));
  const image = tf.randomUniform([1, 12, 12, 3], 0, 1, 'float32', 2) as tf.Tensor4D;
  const decoded = reconstruct(uvimTokenizer(config, params), image, image);
  expectClose(decoded, tf.zeros([1, 12, 12, 3]), 0); // a fresh head is zero
  const { parts } = uvimLoss(toPatches(image, config.patchSize), params, config, { image });
  expectClose(parts.reconstruction, tf.mean(tf.square(image)), 1e-6);
});
