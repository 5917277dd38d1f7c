import {
  type BackboneName,
  backboneFeatures,
  backboneSpec,
  backboneVariants,
  countModel,
  type GssModelConfig,
} from '@gss/segmenter';
import { preset, presetNames } from '@gss/segmenter/presets';
import { dvaeVariants, uvimVariants, vqganVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { inspect } from './inspect.js';
import { withShapes } from './with-shapes.js';

beforeAll(() => tf.setBackend('cpu'));

// Published multiply-adds at 224 × 224, without the classifier. Swin: Liu et al., Table 1 (with it, 1 M more). ResNet V1:
// torchvision's 1.814, 4.089 and 7.801 G; V1c's deep stem adds 0.27 G. EfficientNet-Lite: 407 M with the last
// convolution, norms and activations counted too.
test.each([
  ['swin-t', 4.5e9, 0.02],
  ['swin-s', 8.7e9, 0.02],
  ['resnet-18', 1.814e9 + 0.27e9, 0.02],
  ['resnet-50', 4.089e9 + 0.27e9, 0.02],
  ['resnet-101', 7.801e9 + 0.27e9, 0.02],
  ['efficientnet-lite0', 407e6 - 320 * 1280 * 49 - 1.28e6, 0.06],
] as const)('%s at 224 × 224 costs what was published', async (name: BackboneName, published, tolerance) => {
  const backbone = backboneVariants[name];
  const { multiplyAdds } = await withShapes((shapes) => {
    const image = shapes.tensor<tf.Tensor4D>([1, 224, 224, 3]);
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
