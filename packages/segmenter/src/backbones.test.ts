import { efficientnetLite } from '@gss/efficientnet';
import { ftwPaper } from '@gss/posterior';
import { priorVariants } from '@gss/prior';
import {
  type BackboneConfig,
  backboneChannels,
  backboneFeatures,
  backboneSpec,
  backboneTrains,
  backboneVariants,
  createSegmenter,
  type GssModelConfig,
  imageNetMean,
  imageNetStd,
  modelSpec,
  parseModelConfig,
} from '@gss/segmenter';
import { createRng, createTraining, initParams, leavesOf } from '@gss/tensor';
import { expectClose } from '@gss/testing';
import { compactVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const stage = (channels: readonly number[]) => ({ modules: 1, blocks: channels.map(() => 1), channels });
const small: readonly (readonly [string, BackboneConfig])[] = [
  ['swin', backboneVariants['swin-nano']],
  [
    'resnet',
    {
      type: 'resnet',
      config: {
        ...backboneVariants['resnet-50-d8'].config,
        block: 'basic',
        channels: [4, 6, 8, 10],
        depths: [1, 1, 1, 1],
        stemChannels: 8,
      },
    },
  ],
  [
    'hrnet',
    {
      type: 'hrnet',
      config: {
        channels: [4, 8, 16, 32],
        first: { blocks: 1, planes: 4 },
        stages: [stage([4, 8]), stage([4, 8, 16]), stage([4, 8, 16, 32])],
      },
    },
  ],
  ['efficientnet', { type: 'efficientnet', config: efficientnetLite({ width: 0.25, depth: 0.3 }) }],
];

const model = (backbone: BackboneConfig, ftw: boolean): GssModelConfig => ({
  format: 'gss-model',
  version: 1,
  name: 'test',
  kind: 'generative',
  classes: [
    { name: 'a', color: [1, 2, 3] },
    { name: 'b', color: [4, 5, 6] },
  ],
  palette: [
    [255, 0, 0],
    [0, 0, 255],
  ],
  unlabelled: [0, 0, 0],
  mean: imageNetMean,
  std: imageNetStd,
  backbone,
  prior: {
    ...priorVariants.nano,
    features: backboneChannels(backbone),
    classes: 2,
    vocabulary: compactVariants.nano.codes,
  },
  tokenizer: { type: 'compact', config: compactVariants.nano },
  ...(ftw ? { ftw: { ...ftwPaper(2), channels: 8, hidden: 8 } } : {}),
  decoding: 'argmax',
  inference: { mode: 'whole' },
});

test.each(small)('%s: a model of it segments, with either inverse', async (_, backbone) => {
  for (const ftw of [false, true]) {
    const config = parseModelConfig(JSON.stringify(model(backbone, ftw)), 'config.json');
    const names = leavesOf(modelSpec(config)).map(({ name }) => name);
    expect(names.includes('decode_head.cls_segmap.conv.weight')).toBe(ftw);
    const segmenter = createSegmenter(config, initParams(modelSpec(config), createRng(0)));
    const prediction = await segmenter.predict({ data: new Uint8Array(37 * 26 * 3).fill(90), width: 37, height: 26 });
    expect((await prediction.labels()).data.length).toBe(37 * 26);
    prediction.dispose();
    segmenter.dispose();
  }
});

test.each(small.filter(([family]) => family !== 'swin'))(
  '%s: frozen norms take the running statistics and leave them',
  (_, backbone) => {
    const params = initParams(backboneSpec(backbone), createRng(0));
    const image = tf.randomUniform<tf.Rank.R4>([1, 32, 32, 3], -1, 1, 'float32', 3);
    // Drop path would draw: the maps of a network without it are compared.
    const still = { ...backbone, config: { ...backbone.config, dropPath: 0 } } as BackboneConfig;
    const resting = backboneFeatures(image, params, still);
    const training = createTraining(createRng(1));
    const frozenNorms = backboneFeatures(image, params, { ...still, normEval: true }, training);
    expect(training.statistics.size).toBe(0);
    for (const [i, map] of frozenNorms.entries()) expectClose(map, resting[i]!, 1e-6);
    backboneFeatures(image, params, still, training);
    expect(training.statistics.size).toBeGreaterThan(0);
  },
);

test.each(small)('%s: frozen stages leave the rest to train', (_, backbone) => {
  const names = leavesOf(backboneSpec(backbone)).map(({ name }) => name);
  const trained = (frozenStages: number) =>
    names.filter(backboneTrains({ ...backbone, config: { ...backbone.config, frozenStages } } as BackboneConfig))
      .length;
  expect(trained(-1)).toBe(names.length);
  expect(trained(0)).toBeLessThan(names.length);
  expect(trained(2)).toBeLessThan(trained(0));
});

test('a config whose parts do not belong together is refused with its reason', () => {
  const swin = model(backboneVariants['swin-nano'], true);
  const parsed = (change: object) => () => parseModelConfig(JSON.stringify({ ...swin, ...change }), 'config.json');
  expect(parsed({})().ftw?.classes).toBe(2);
  expect(parsed({ backbone: { type: 'vgg', config: {} } })).toThrow(
    'config.json: expected a backbone of type swin, resnet, hrnet, efficientnet with its config, got "vgg"',
  );
  expect(parsed({ backbone: backboneVariants['resnet-101-d8'] })).toThrow('the resnet gives maps of 256,');
  expect(parsed({ prior: { ...swin.prior, classes: 3 } })).toThrow('2 classes, but the head was made for 3');
  expect(parsed({ ftw: { ...swin.ftw, classes: 3 } })).toThrow('2 classes, but its inverse was made for 3');
  expect(parsed({ kind: 'discriminative', prior: { ...swin.prior, auxiliary: 'none' } })).toThrow(
    'a discriminative model answers with its pixel head',
  );
});
