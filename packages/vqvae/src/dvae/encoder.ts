import { conv2d, type ParamsOf } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { dvaeBlock, dvaeConvSpec, encoderBlockSpec } from './blocks.js';
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

/**
 * Token logits: mapped image (`mapPixels`), [B, H, W, channels] → [B, ⌊H/8⌋, ⌊W/8⌋, vocabulary]. Odd sizes lose their last
 * row or column in a pool, as in the reference.
 */
export function dvaeEncoder(x: tf.Tensor4D, { blocks }: DvaeEncoderParams, config: DvaeConfig): tf.Tensor4D {
  const layers = layersOf(config);
  return tf.tidy(() => {
    const { input, group_1, group_2, group_3, group_4, output } = blocks;
    let y = conv2d(x, input.w, input.b);
    for (const [i, group] of [group_1, group_2, group_3, group_4].entries()) {
      if (i > 0) y = tf.maxPool(y, 2, 2, 'valid');
      y = Object.values(group).reduce((z, block) => dvaeBlock(z, block, layers), y);
    }
    return conv2d(tf.relu(y), output.conv.w, output.conv.b);
  });
}
