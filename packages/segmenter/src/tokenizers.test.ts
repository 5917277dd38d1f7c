import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { priorVariants } from '@gss/prior';
import {
  createMaskigeCodec,
  createSegmenter,
  type GssModelConfig,
  type GssTokenizerConfig,
  imageNetMean,
  imageNetStd,
  modelSpec,
  openTokenizer,
  parseTokenizerConfig,
  type TokenizerConfig,
  tokenizerChannels,
  tokenizerMultiple,
  tokenizerSpec,
} from '@gss/segmenter';
import { loadTokenizerFolder, saveTokenizerFolder } from '@gss/segmenter/node';
import { swinVariants } from '@gss/swin';
import { createRng, disposeTree, initParams, type Tree } from '@gss/tensor';
import { expectClose } from '@gss/testing';
import { compactVariants, dvaeVariants, reconstruct, uvimVariants, vqganVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'gss-tokenizers-'));
beforeAll(() => tf.setBackend('cpu'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const classes = ['a', 'b', 'c', 'd'].map((name) => ({ name, color: [0, 0, 0] as const }));
const palette = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 0],
] as const;
const maskige = { classes, palette, unlabelled: [0, 0, 0] } as const;
const uvim = {
  ...uvimVariants.nano,
  width: 32,
  hidden: 32,
  decoderDepth: 1,
  inputSize: [16, 16],
  codeLength: 16,
} as const;
const small = { multipliers: [1, 1], width: 32, resolution: 16, attentionResolutions: [] } as const;

const rows: readonly (readonly [string, TokenizerConfig])[] = [
  ['compact', { type: 'compact', config: compactVariants.nano }],
  ['dvae', { type: 'dvae', config: { ...dvaeVariants.nano, hidden: 4, init: 4 } }],
  ['vqgan', { type: 'vqgan', config: { ...vqganVariants.nano, ...small } }],
  [
    'vqgan on classes',
    { type: 'vqgan', input: 'one-hot', config: { ...vqganVariants.nano, ...small, channels: 4, output: 'logits' } },
  ],
  ['uvim', { type: 'uvim', input: 'one-hot', config: { ...uvim, classes: 4 } }],
  ['uvim with maskige', { type: 'uvim', config: { ...uvim, classes: 3, output: 'pixels' } }],
];

test.each(rows)('%s: saved, loaded and run', async (name, tokenizer) => {
  const config: GssTokenizerConfig = { format: 'gss-tokenizer', version: 1, name, ...maskige, tokenizer };
  const params = initParams(tokenizerSpec(tokenizer), createRng(1));
  const folder = join(dir, name);
  await saveTokenizerFolder(folder, config, params);
  const loaded = await loadTokenizerFolder(folder);
  expect(loaded.config).toEqual(config);

  const codec = createMaskigeCodec(maskige, tokenizer.input);
  const labels = tf.randomUniform([1, 19, 22], 0, 5, 'int32', 3) as tf.Tensor3D; // 4 is unlabelled
  const image = codec.paint(labels);
  expect(image.shape[3]).toBe(tokenizerChannels(tokenizer));
  const photo = tf.randomUniform([1, 19, 22, 3], 0, 1, 'float32', 4) as tf.Tensor4D;
  const [before, after] = [params, loaded.params].map((p) => openTokenizer(tokenizer, p));
  const output = reconstruct(after!, image, photo);
  expect(output.shape).toEqual([1, 19, 22, codec.channels]);
  expectClose(output, reconstruct(before!, image, photo), 0);
  const tokens = after!.encode(image, photo).dataSync();
  expect(Math.max(...tokens)).toBeLessThan(after!.vocabulary);
  disposeTree(params as Tree<tf.Tensor>);
  disposeTree(loaded.params as Tree<tf.Tensor>);
  codec.dispose();
});

test.each(['maskige', 'one-hot'] as const)('%s: 𝒳⁻¹ undoes 𝒳', (input) => {
  const codec = createMaskigeCodec(maskige, input);
  const labels = tf.tensor3d([[[0, 1, 2, 3, 3, 0]]], [1, 1, 6], 'int32');
  expectClose(codec.classes(codec.paint(labels)), labels, 0);
  expectClose(codec.picture(codec.paint(labels)), codec.colour(labels), 0);
  expect(codec.scores(codec.paint(labels)).shape).toEqual([1, 1, 6, 4]);
  codec.dispose();
});

test.each(rows)('%s in a model: any image size, labels of that size', async (_, tokenizer) => {
  const backbone = swinVariants.nano;
  const vocabulary = openTokenizer(tokenizer, initParams(tokenizerSpec(tokenizer), createRng(0))).vocabulary;
  const config: GssModelConfig = {
    format: 'gss-model',
    version: 1,
    name: 'test',
    kind: 'generative',
    ...maskige,
    mean: imageNetMean,
    std: imageNetStd,
    backbone: { type: 'swin', config: backbone },
    prior: { ...priorVariants.nano, features: backbone.channels, classes: 4, vocabulary },
    tokenizer,
    decoding: 'argmax',
    inference: { mode: 'whole' },
  };
  const segmenter = createSegmenter(config, initParams(modelSpec(config), createRng(0)));
  const image = { data: new Uint8Array(37 * 26 * 3).fill(90), width: 37, height: 26 };
  const prediction = await segmenter.predict(image);
  const labels = await prediction.labels();
  expect([labels.width, labels.height, labels.data.length]).toEqual([37, 26, 37 * 26]);
  const picture = await prediction.maskige();
  expect(picture.data.length).toBe(37 * 26 * 3);
  prediction.dispose();
  segmenter.dispose();
});

test.each(rows)('%s: foreign tokens, channels, types and sizes are refused by name', (_, tokenizer) => {
  const params = initParams(tokenizerSpec(tokenizer), createRng(1));
  const {
    encode,
    decode,
    decodeProbabilities,
    vocabulary,
    downsample,
    multiple = downsample,
  } = openTokenizer(tokenizer, params, { checkTokens: true });
  const channels = tokenizerChannels(tokenizer);
  const side = multiple / downsample;
  const photo = tf.zeros<tf.Rank.R4>([1, multiple, multiple, 3]);
  expect(tokenizerMultiple(tokenizer)).toBe(multiple);
  expect(() => encode(tf.zeros([1, multiple, multiple, channels + 1]), photo)).toThrow(`[B, H, W, ${channels}]`);
  expect(() => encode(tf.zeros([1, 0, multiple, channels]), photo)).toThrow('at least one pixel');
  for (const token of [-1, vocabulary]) {
    expect(() => decode(tf.fill([1, side, side], token, 'int32'), photo)).toThrow(
      `expected tokens in [0, ${vocabulary}), got ${token} at position 0`,
    );
  }
  expect(() => decode(tf.zeros([1, side, side]), photo)).toThrow('expected int32 tokens, got float32');
  expect(() => decodeProbabilities(tf.zeros([1, side, side, vocabulary + 1]), photo)).toThrow(`${vocabulary}`);
  disposeTree(params as Tree<tf.Tensor>);
});

test('a config that does not fit is refused with its reason', async () => {
  const text = readFileSync(join(dir, 'vqgan on classes', 'config.json'), 'utf8');
  const spoil = (change: (tokenizer: Record<string, unknown>) => void) => {
    const value = JSON.parse(text);
    change(value.tokenizer);
    return () => parseTokenizerConfig(JSON.stringify(value), 'x/config.json');
  };
  expect(spoil(() => {})().tokenizer.type).toBe('vqgan');
  expect(spoil((t) => Object.assign(t, { type: 'magic' }))).toThrow(
    'x/config.json: expected a tokenizer of type compact, dvae, vqgan, uvim with its config, got "magic"',
  );
  expect(spoil((t) => Object.assign(t, { input: 'rgb' }))).toThrow('tokenizer.input maskige or one-hot, got "rgb"');
  expect(spoil((t) => Object.assign(t, { input: 'maskige' }))).toThrow('reads 3 channels, its config says 4');
  writeFileSync(join(dir, 'vqgan', 'config.json'), text); // another model's config beside these weights
  await expect(loadTokenizerFolder(join(dir, 'vqgan'))).rejects.toThrow('parameters do not fit');
});
