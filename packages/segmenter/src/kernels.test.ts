import { efficientnetLite } from '@gss/efficientnet';
import { ftwPaper } from '@gss/posterior';
import {
  type BackboneConfig,
  backboneChannels,
  backboneVariants,
  createSegmenter,
  type GssModelConfig,
  MissingKernelsError,
  missingKernels,
  modelSpec,
  neededKernels,
} from '@gss/segmenter';
import { preset, presetNames } from '@gss/segmenter/presets';
import { createRng, initParams } from '@gss/tensor';
import { registerWasmKernels } from '@gss/tensor/kernels/wasm';
import { compactVariants, dvaeVariants, uvimVariants, vqganVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('wasm'));

const { model: nano } = preset('nano', { classes: 3 });
const small: GssModelConfig = {
  ...nano,
  prior: { ...nano.prior, vocabulary: 32, classifierChannels: 16 },
  tokenizer: { type: 'compact', config: { ...compactVariants.nano, codes: 32 } },
};
const stage = (channels: readonly number[]) => ({ modules: 1, blocks: channels.map(() => 1), channels });
const resnet = { ...backboneVariants['resnet-50-d8'].config, channels: [8, 12, 16, 20], depths: [1, 1, 1, 1] } as const;
const hrnetStages = [stage([4, 8]), stage([4, 8, 16]), stage([4, 8, 16, 32])] as const;
const backbones: BackboneConfig[] = [
  { type: 'resnet', config: { ...resnet, stemChannels: 8 } },
  { type: 'hrnet', config: { channels: [4, 8, 16, 32], first: { blocks: 1, planes: 4 }, stages: hrnetStages } },
  { type: 'efficientnet', config: efficientnetLite({ width: 0.25, depth: 0.3 }) },
];
const tokenized = (tokenizer: GssModelConfig['tokenizer'], vocabulary: number): GssModelConfig => ({
  ...small,
  tokenizer,
  prior: { ...small.prior, vocabulary },
});
const uvim = { ...uvimVariants.nano, classes: 3 };
const cases: [name: string, config: GssModelConfig][] = [
  ['swin and compact', small],
  ...backbones.map((backbone): [string, GssModelConfig] => [
    backbone.type,
    { ...small, backbone, prior: { ...small.prior, features: backboneChannels(backbone) } },
  ]),
  ['twin', preset('nano', { classes: 3, kind: 'discriminative' }).model],
  ['GSS-FT-W', { ...small, ftw: { ...ftwPaper(3), channels: 8, hidden: 8 } }],
  ['expected', { ...small, decoding: 'expected' }],
  ['dvae', tokenized({ type: 'dvae', config: dvaeVariants.nano }, dvaeVariants.nano.vocabulary)],
  ['vqgan', tokenized({ type: 'vqgan', config: vqganVariants.nano }, vqganVariants.nano.codes)],
  ['uvim', tokenized({ type: 'uvim', config: uvim, input: 'one-hot' }, uvim.codes)],
];

/** Kernels that run while an image is segmented in every way and everything is asked for. */
async function record(config: GssModelConfig): Promise<string[]> {
  const segmenter = createSegmenter(config, initParams(modelSpec(config), createRng(1)));
  const image = tf.zeros<tf.Rank.R3>([32, 48, 3]);
  const slide = { mode: 'slide', crop: [32, 32], stride: [16, 16] } as const;
  const { kernelNames } = await tf.profile(async () => {
    for (const how of [{}, { inference: slide }, { inference: slide, augment: { flip: true } }]) {
      for (const prediction of await segmenter.predict([image, image], how)) {
        await Promise.all([prediction.labels(), prediction.maskige(), prediction.confidence(), prediction.tokens()]);
        tf.dispose([prediction.probabilities(), prediction.probabilities(0.5)]);
        prediction.dispose();
      }
    }
    if (config.kind === 'generative') {
      const samples = await segmenter.sample(image, { count: 2, topK: 4 });
      await Promise.all([samples.majority(), samples.agreement(), samples.labels(0)]);
      samples.dispose();
    }
    return tf.scalar(0);
  });
  segmenter.dispose();
  return [...new Set(kernelNames.filter((name) => name !== 'unnamed scope' && !name.endsWith('__op')))].sort();
}

const seen = new Set<string>();
async function expectListed(config: GssModelConfig) {
  const needed = new Set(neededKernels(config));
  const ran = await record(config);
  for (const name of ran) seen.add(name);
  expect(ran.filter((name) => !needed.has(name) && !name.startsWith('Gss'))).toEqual([]);
  expect(missingKernels(config)).toEqual([]);
}

// In this order: stock wasm has no fused kernels, so that layers are composed as on cpu, WebGL and WebGPU.
test.each(cases)('%s, composed: every kernel that runs is in the table', (_, config) => expectListed(config));

test('fused: no others run', async () => {
  registerWasmKernels();
  for (const [name, config] of cases) if (/swin|efficientnet|FT-W|vqgan/.test(name)) await expectListed(config);
});

test('every kernel of the tables runs in one of these models', () => {
  const all = new Set(cases.flatMap(([, config]) => neededKernels(config)));
  expect([...all].filter((name) => !seen.has(name))).toEqual([]);
});

test('every preset has what it needs on cpu, and on stock wasm too', () => {
  for (const name of presetNames())
    for (const backend of ['cpu', 'wasm']) expect(missingKernels(preset(name).model, backend)).toEqual([]);
});

test('a backend that lacks a kernel is refused when the model is made, with the remedy', async () => {
  const kernel = tf.getKernel('MaxPool', 'wasm')!;
  tf.unregisterKernel('MaxPool', 'wasm');
  try {
    const [, [, config]] = cases as [unknown, [string, GssModelConfig]];
    const params = initParams(modelSpec(config), createRng(1));
    expect(() => createSegmenter(config, params)).toThrow(MissingKernelsError);
    expect(() => createSegmenter(config, params)).toThrow(
      "createSegmenter: expected all kernels of nano on backend wasm, which lacks MaxPool. Remedy: call registerWasmKernels() of @gss/tensor/kernels/wasm; or take another backend: await tf.setBackend('cpu').",
    );
    createSegmenter(small, initParams(modelSpec(small), createRng(1))).dispose(); // needs no pooling
  } finally {
    tf.registerKernel(kernel);
  }
});
