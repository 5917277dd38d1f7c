import { conv2d, type ParamsOf, relu } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { expectedRow, lookUp } from '../tokenizer.js';
import { type DvaeBlockParams, decoderBlockSpec, doubledBlock, dvaeBlock, dvaeConvSpec, pass } from './blocks.js';
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

/**
 * One group of blocks: the first keeps the size, [B, H, W, inputs] → [B, H, W, outputs]; the others double it first,
 * → [B, 2H, 2W, outputs].
 */
export function decoderGroup(
  x: tf.Tensor4D,
  group: Readonly<Record<string, DvaeBlockParams>>,
  { layers, doubled }: { readonly layers: number; readonly doubled: boolean },
): tf.Tensor4D {
  const [first, ...rest] = Object.values(group) as [DvaeBlockParams, ...DvaeBlockParams[]];
  return tf.tidy(() => {
    const start = doubled ? doubledBlock(x, first, layers) : dvaeBlock(x, first, layers);
    return rest.reduce((y, block) => pass(y, (z) => dvaeBlock(z, block, layers)), start);
  });
}

/** The groups in the order in which they run. */
export const decoderGroups = ({ blocks }: DvaeDecoderParams) =>
  [blocks.group_1, blocks.group_2, blocks.group_3, blocks.group_4] as const;

/** [B, H, W, hidden] → [B, H, W, 2 · channels] */
export const decoderOutput = (x: tf.Tensor4D, { blocks: { output } }: DvaeDecoderParams): tf.Tensor4D =>
  pass(relu(x), (y) => conv2d(y, output.conv.w, output.conv.b));

/**
 * Embedded codes (`embedTokens`, `embedProbabilities`), [B, h, w, init] → [B, 8h, 8w, 2 · channels]: location and log-scale
 * of the logit-Laplace distribution of the mapped image.
 */
export function dvaeDecoder(embedded: tf.Tensor4D, p: DvaeDecoderParams, config: DvaeConfig): tf.Tensor4D {
  const layers = layersOf(config);
  return tf.tidy(() => {
    const [first, ...rest] = decoderGroups(p);
    const start = decoderGroup(embedded, first, { layers, doubled: false });
    const group = (x: tf.Tensor4D, blocks: typeof first) =>
      pass(x, (y) => decoderGroup(y, blocks, { layers, doubled: true }));
    return pass(rest.reduce(group, start), (y) => decoderOutput(y, p));
  });
}
