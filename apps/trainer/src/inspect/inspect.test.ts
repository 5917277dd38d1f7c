import {
  type BackboneName,
  backboneFeatures,
  backboneSpec,
  backboneVariants,
  countModel,
  estimateMemory,
  type GssModelConfig,
} from '@gss/segmenter';
import { preset, presetNames } from '@gss/segmenter/presets';
import { dvaeVariants, uvimVariants, vqganVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { inspect } from './inspect.js';
import { withShapes } from './with-shapes.js';

beforeAll(() => tf.setBackend('cpu'));

/** What HRNet's classifier adds to a backbone whose finest map has C channels, at 224²: four bottlenecks, three strided 3×3, a 1×1, the classes. */
const hrnetClassifier = (C: number) =>
  4 * 56 ** 2 * (C * 32 + 9 * 32 ** 2 + 32 * 128 + C * 128) +
  3 * 9 * 128 * 256 * 28 ** 2 +
  1024 * 2048 * 49 +
  2048 * 1000;
/** mmsegmentation's FCN head on a map of 64²: 3×3 of 2048 → 512, 3×3 of 512, 3×3 of the 2560 of both, 150 classes. */
const fcnHead = 64 ** 2 * 512 * (9 * 2048 + 9 * 512 + 9 * 2560 + 150);

// Published multiply-adds, classifiers taken off. Swin: Liu et al., Table 1 (1 to 2 M of classifier left in). ResNet V1:
// torchvision's 1.814, 4.089 and 7.801 G; V1c's deep stem adds 0.27 G. Dilated V1c: the 275.7 G of FCN ResNet-101 in SegFormer's
// Table 2, counted by mmsegmentation's tool at 512². HRNet: mmpretrain's model zoo. EfficientNet-Lite: 407 M with
// the last convolution, norms and activations counted too.
test.each([
  ['swin-t', 224, 4.5e9, 0.02],
  ['swin-s', 224, 8.7e9, 0.02],
  ['swin-b', 384, 47.1e9, 0.02],
  ['swin-l', 384, 103.9e9, 0.02],
  ['resnet-18', 224, 1.814e9 + 0.27e9, 0.02],
  ['resnet-50', 224, 4.089e9 + 0.27e9, 0.02],
  ['resnet-101', 224, 7.801e9 + 0.27e9, 0.02],
  ['resnet-101-d8', 512, 275.7e9 - fcnHead, 0.01],
  ['hrnet-w18', 224, 4.33e9 - hrnetClassifier(18), 0.02],
  ['hrnet-w32', 224, 8.99e9 - hrnetClassifier(32), 0.02],
  ['hrnet-w48', 224, 17.36e9 - hrnetClassifier(48), 0.02],
  ['efficientnet-lite0', 224, 407e6 - 320 * 1280 * 49 - 1.28e6, 0.06],
] as const)('%s at %i² costs what was published', async (name: BackboneName, side, published, tolerance) => {
  const backbone = backboneVariants[name];
  const { multiplyAdds } = await withShapes((shapes) => {
    const image = shapes.tensor<tf.Tensor4D>([1, side, side, 3]);
    return shapes.cost(() => backboneFeatures(image, shapes.params(backboneSpec(backbone)), backbone))[1];
  });
  expect(Math.abs(multiplyAdds / published - 1)).toBeLessThan(tolerance);
});

test.each(presetNames())('%s is counted, part by part', async (name) => {
  const { model } = preset(name);
  const before = tf.memory().numTensors;
  const { parameters, flops, parts, tokens, memory } = await inspect(model, [128, 96]);
  expect([tf.getBackend(), tf.memory().numTensors]).toEqual(['cpu', before]);
  expect(parameters).toBe(countModel(model).total);
  expect(flops).toBeGreaterThan(1e7);
  expect(flops).toBe(
    Object.entries(parts).reduce((sum, [part, { flops }]) => (/auxiliary|encoder/.test(part) ? sum : sum + flops), 0),
  );
  if (!name.includes('uvim')) {
    const side = model.prior.tokenLevel ? 8 : 4;
    expect(tokens).toEqual({ height: 128 / side, width: 96 / side, vocabulary: model.prior.vocabulary });
  }
  expect(memory.activations).toBeGreaterThan(128 * 96 * 3 * 4);
});

// What an error for want of memory goes by; tiny images would measure the padding of windows.
test.each(presetNames())('%s: the rough estimate of its maps is within a factor of two', async (name) => {
  const { model } = preset(name);
  const { memory } = await inspect(model, [512, 512]);
  const ratio = estimateMemory(model, [512, 512]) / memory.activations;
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(2);
});

test('the head costs what its layers say', async () => {
  const { model } = preset('paper-ff-swin-l-ade20k');
  const { parts } = await inspect(model, [512, 512]);
  const tokens = 128 * 128;
  expect(parts.head).toEqual({
    parameters: 512 * 2048 + 2 * 2048 + 2048 * 8192 + 8192,
    flops: tokens * (512 * 2048 + 2048 * 8192),
  });
  expect(parts['auxiliary head']?.flops).toBe(
    [192, 384, 768, 1536].reduce((sum, c, i) => sum + (tokens / 4 ** i) * c * 384, 0) +
      tokens * (1536 * 384 + 384 * 150),
  );
  expect(parts.inverse).toEqual({ parameters: 0, flops: 512 * 512 * 3 * 150 });
});

// Floating point operations, two a multiply-add, counted on the PyTorch reference with hooks on its convolutions and linear layers.
test('a whole model costs what the reference costs', async () => {
  const { parts } = await inspect(preset('paper-ff-swin-l-ade20k').model, [512, 512]);
  const tera = (...names: (keyof typeof parts)[]) =>
    names.reduce((sum, name) => sum + 2 * parts[name]!.flops, 0) / 1e12;
  expect(tera('tokenizer encoder')).toBeCloseTo(4.4, 1);
  expect(tera('aggregation', 'head')).toBeCloseTo(0.76, 2);
  // The hooks see no attention products and our count does; windows of 12 pad 128 to 132 in both.
  expect(tera('backbone')).toBeGreaterThan(0.37);
  expect(tera('backbone')).toBeLessThan(0.37 * 1.07);
  // The reference convolves after it doubles the map, looks no code up: 4.9.
  expect(tera('tokenizer decoder')).toBeLessThan(4.9);
});

test('twins and every family of tokenizers are counted too', async () => {
  const { model } = preset('nano', { classes: 5 });
  const twin = await inspect(preset('nano', { kind: 'discriminative' }).model, [64, 64]);
  expect(Object.keys(twin.parts)).toEqual([
    'backbone',
    'aggregation',
    'head',
    'tokenizer encoder',
    'tokenizer decoder',
  ]);
  expect(twin.parts['tokenizer decoder']?.flops).toBe(0);
  const tokenizers: GssModelConfig['tokenizer'][] = [
    { type: 'dvae', config: dvaeVariants.nano },
    { type: 'vqgan', config: vqganVariants.nano },
    { type: 'uvim', config: { ...uvimVariants.nano, classes: 5 }, input: 'one-hot' },
  ];
  for (const tokenizer of tokenizers) {
    const { parts } = await inspect({ ...model, tokenizer }, [64, 64]);
    expect(parts['tokenizer decoder']?.flops).toBeGreaterThan(1e5);
    expect(parts['tokenizer encoder']?.parameters).toBeGreaterThan(1e3);
  }
});
