import { conv2d, type ParamsOf, relu } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type DvaeBlockParams, dvaeBlock, dvaeConvSpec, encoderBlockSpec, pass } from './blocks.js';
import { type DvaeConfig, groupSpec, groupWidths, layersOf } from './config.js';

/** dall_e.encoder.Encoder */
export const dvaeEncoderSpec = ({ channels, hidden, blocksPerGroup, vocabulary }: DvaeConfig) => {
  const group = (n: 1 | 2 | 3 | 4) => {
    const [inputs, outputs] = [groupWidths[Math.max(0, n - 2)]! * hidden, groupWidths[n - 1]! * hidden];
    return groupSpec(encoderBlockSpec, inputs, outputs, blocksPerGroup);
  };
  return {
    blocks: {
      input: dvaeConvSpec(7, channels, hidden),
      group_1: group(1),
      group_2: group(2),
      group_3: group(3),
      group_4: group(4),
      output: { conv: dvaeConvSpec(1, groupWidths[3] * hidden, vocabulary) },
    },
  };
};
export type DvaeEncoderParams = ParamsOf<ReturnType<typeof dvaeEncoderSpec>>;

/** The groups in the order in which they run. */
export const encoderGroups = ({ blocks }: DvaeEncoderParams) =>
  [blocks.group_1, blocks.group_2, blocks.group_3, blocks.group_4] as const;

/** The first convolution: mapped image, [B, H, W, channels] → [B, H, W, hidden]. */
export const encoderInput = (x: tf.Tensor4D, { blocks: { input } }: DvaeEncoderParams): tf.Tensor4D =>
  conv2d(x, input.w, input.b);

/** Positions that the first convolution looks to each side. */
export const inputReach = 3;

/** One group of blocks at one resolution; `x` is gone after it. [B, H, W, inputs] → [B, H, W, outputs] */
export const encoderGroup = (
  x: tf.Tensor4D,
  group: Readonly<Record<string, DvaeBlockParams>>,
  layers: number,
): tf.Tensor4D => Object.values(group).reduce((y, block) => pass(y, (z) => dvaeBlock(z, block, layers)), x);

/** Half the size, odd ones rounded down: [B, H, W, C] → [B, ⌊H/2⌋, ⌊W/2⌋, C] */
export const halve = (x: tf.Tensor4D): tf.Tensor4D => tf.maxPool(x, 2, 2, 'valid');

/** Token logits of the last features: [B, h, w, 8 · hidden] → [B, h, w, vocabulary]. */
export const encoderOutput = (x: tf.Tensor4D, { blocks: { output } }: DvaeEncoderParams): tf.Tensor4D =>
  pass(relu(x), (y) => conv2d(y, output.conv.w, output.conv.b));

/**
 * Token logits: mapped image (`mapPixels`), [B, H, W, channels] → [B, ⌊H/8⌋, ⌊W/8⌋, vocabulary]. Odd sizes lose their last
 * row or column in a pool, as in the reference.
 */
export function dvaeEncoder(x: tf.Tensor4D, p: DvaeEncoderParams, config: DvaeConfig): tf.Tensor4D {
  const layers = layersOf(config);
  return tf.tidy(() => {
    const [first, ...rest] = encoderGroups(p);
    const start = encoderGroup(encoderInput(x, p), first, layers);
    const features = rest.reduce((y, group) => encoderGroup(pass(y, halve), group, layers), start);
    return pass(features, (y) => encoderOutput(y, p));
  });
}
