// The tiniest model, for the browser tests: random weights, made here.
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
const backbone = swinVariants.nano;
const config: GssModelConfig = {
  format: 'gss-model',
  version: 1,
  name: 'demo-test',
  kind: 'generative',
  classes: syntheticStreetsClasses,
  palette,
  unlabelled: [0, 0, 0],
  mean: imageNetMean,
  std: imageNetStd,
  backbone: { type: 'swin', config: backbone },
  prior: {
    ...priorVariants.nano,
    features: backbone.channels,
    classes: palette.length,
    vocabulary: compactVariants.nano.codes,
  },
  tokenizer: { type: 'compact', config: compactVariants.nano },
  decoding: 'argmax',
  inference: { mode: 'whole' },
};

/** Random weights, enlarged: the default of a classifier is so small that every token would tie. */
function makeParams(): ModelParams {
  const params = initParams(modelSpec(config), createRng(7));
  return mapTree(params as Tree<tf.Tensor>, (tensor, name) => {
    if (!/conv_seg\.weight|codebook/.test(name)) return tensor;
    const larger = tf.mul(tensor, 8);
    tensor.dispose();
    return larger;
  }) as ModelParams;
}

/** Writes the model into a folder and gives it as a segmenter. */
export async function makeTestModel(folder: string): Promise<Segmenter> {
  const params = makeParams();
  await saveModelFolder(folder, config, params);
  return createSegmenter(config, params);
}
