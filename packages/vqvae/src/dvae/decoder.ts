import { conv2d, type ParamsOf, resize } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { expectedRow, lookUp } from '../tokenizer.js';
import { type DvaeBlockParams, decoderBlockSpec, dvaeBlock, dvaeConvSpec } from './blocks.js';
import { type DvaeConfig, groupSpec, groupWidths, layersOf } from './config.js';

/** dall_e.decoder.Decoder */
export const dvaeDecoderSpec = ({ channels, hidden, init, blocksPerGroup, vocabulary }: DvaeConfig) => {
  const group = (n: 1 | 2 | 3 | 4) => {
    const inputs = n === 1 ? init : groupWidths[5 - n]! * hidden;
    return groupSpec(decoderBlockSpec, inputs, groupWidths[4 - n]! * hidden, blocksPerGroup);
  };
  return {
    blocks: {
      input: dvaeConvSpec(1, vocabulary, init),
      group_1: group(1),
      group_2: group(2),
      group_3: group(3),
      group_4: group(4),
      output: { conv: dvaeConvSpec(1, hidden, 2 * channels) },
    },
  };
};
export type DvaeDecoderParams = ParamsOf<ReturnType<typeof dvaeDecoderSpec>>;

const codeTable = ({ w }: DvaeDecoderParams['blocks']['input']): tf.Tensor2D => tf.reshape(w, [w.shape[2], w.shape[3]]);

/** The decoder's input convolution on one-hot tokens, as the table look-up it is: [B, h, w] int32 → [B, h, w, init]. */
export const embedTokens = (tokens: tf.Tensor3D, { blocks: { input } }: DvaeDecoderParams): tf.Tensor4D =>
  tf.tidy(() => tf.add(lookUp(codeTable(input), tokens), input.b));

/** The same on soft codes: [B, h, w, vocabulary] → [B, h, w, init]. */
export const embedProbabilities = (probabilities: tf.Tensor4D, { blocks: { input } }: DvaeDecoderParams): tf.Tensor4D =>
  tf.tidy(() => tf.add(expectedRow(codeTable(input), probabilities), input.b));

/** One group of blocks at one resolution. */
export const decoderGroup = (
  x: tf.Tensor4D,
  group: Readonly<Record<string, DvaeBlockParams>>,
  layers: number,
): tf.Tensor4D => Object.values(group).reduce((y, block) => dvaeBlock(y, block, layers), x);

/** Nearest ×2: [B, H, W, C] → [B, 2H, 2W, C] */
export const doubleSize = (x: tf.Tensor4D): tf.Tensor4D =>
  resize(x, [2 * x.shape[1], 2 * x.shape[2]], { mode: 'nearest' });

/** [B, H, W, hidden] → [B, H, W, 2 · channels] */
export const decoderOutput = (x: tf.Tensor4D, { blocks: { output } }: DvaeDecoderParams): tf.Tensor4D =>
  conv2d(tf.relu(x), output.conv.w, output.conv.b);

/**
 * Embedded codes (`embedTokens`, `embedProbabilities`), [B, h, w, init] → [B, 8h, 8w, 2 · channels]: location and log-scale
 * of the logit-Laplace distribution of the mapped image.
 */
export function dvaeDecoder(embedded: tf.Tensor4D, p: DvaeDecoderParams, config: DvaeConfig): tf.Tensor4D {
  const layers = layersOf(config);
  return tf.tidy(() => {
    const { group_1, group_2, group_3, group_4 } = p.blocks;
    let y = embedded;
    for (const [i, group] of [group_1, group_2, group_3, group_4].entries()) {
      y = decoderGroup(i > 0 ? doubleSize(y) : y, group, layers);
    }
    return decoderOutput(y, p);
  });
}
