// A model with random weights, for the browser tests of the element and of the demo.
import { syntheticStreetsClasses } from '@gss/datasets';
import { maximalDistancePalette } from '@gss/maskige';
import { priorVariants } from '@gss/prior';
import {
  createSegmenter,
  type GssModelConfig,
  imageNetMean,
  imageNetStd,
  type ModelParams,
  modelSpec,
  type Segmenter,
} from '@gss/segmenter';
import { saveModelFolder } from '@gss/segmenter/node';
import { swinVariants } from '@gss/swin';
import { createRng, initParams, mapTree, type Tree } from '@gss/tensor';
import { compactVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';

const palette = maximalDistancePalette(syntheticStreetsClasses.length);
const common = {
  format: 'gss-model',
  version: 1,
  kind: 'generative',
  classes: syntheticStreetsClasses,
  palette,
  unlabelled: [0, 0, 0],
  mean: imageNetMean,
  std: imageNetStd,
  decoding: 'argmax',
  inference: { mode: 'whole' },
} as const;

/** The nano preset. */
export const nanoConfig: GssModelConfig = {
  ...common,
  name: 'demo-test',
  backbone: { type: 'swin', config: swinVariants.nano },
  prior: {
    ...priorVariants.nano,
    features: swinVariants.nano.channels,
    classes: palette.length,
    vocabulary: compactVariants.nano.codes,
  },
  tokenizer: { type: 'compact', config: compactVariants.nano },
};

const channels = [8, 16, 24, 32] as const;
const tinyTokenizer = { ...compactVariants.nano, hidden: 8, decoderBlocks: 1, codes: 64 };

/** As small as it goes: GPUs in software take seconds for the nano preset. */
export const tinyConfig: GssModelConfig = {
  ...common,
  name: 'tiny',
  backbone: {
    type: 'swin',
    config: { ...swinVariants.nano, channels, depths: [1, 1, 1, 1], heads: [1, 1, 1, 1], window: 4 },
  },
  prior: {
    ...priorVariants.nano,
    channels: 8,
    tokenChannels: 16,
    classifierChannels: 16,
    heads: 1,
    window: 4,
    features: channels,
    classes: palette.length,
    vocabulary: tinyTokenizer.codes,
  },
  tokenizer: { type: 'compact', config: tinyTokenizer },
};

/** Random weights, enlarged: the default of a classifier is so small that every token would tie. */
export function randomParams(config: GssModelConfig, seed = 7): ModelParams {
  const params = initParams(modelSpec(config), createRng(seed)) as unknown as Tree<tf.Tensor>;
  return mapTree(params, (tensor, name) => {
    if (!/(conv_seg|cls_segmap\.conv)\.weight|codebook/.test(name)) return tensor;
    const larger = tf.mul(tensor, 8);
    tensor.dispose();
    return larger;
  }) as unknown as ModelParams;
}

/** Writes a model with random weights into a folder and gives it as a segmenter. */
export async function makeTestModel(folder: string, config: GssModelConfig, seed = 7): Promise<Segmenter> {
  const params = randomParams(config, seed);
  await saveModelFolder(folder, config, params);
  return createSegmenter(config, params);
}
