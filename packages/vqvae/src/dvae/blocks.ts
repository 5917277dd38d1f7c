import { conv2d, kernel, type ParamsOf, relu, vector } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface DvaeBlockConfig {
  readonly inputs: number;
  readonly outputs: number;
}

/** Parameters named as in openai/DALL-E: normal with σ = 1 / √(inputs · size²), as its Conv2d draws them. */
export const dvaeConvSpec = (size: number, inputs: number, outputs: number) => ({
  w: kernel(size, inputs, outputs, { type: 'normal', std: 1 / Math.sqrt(inputs * size ** 2) }),
  b: vector(outputs),
});
export type DvaeConvParams = ParamsOf<ReturnType<typeof dvaeConvSpec>>;

const blockSpec =
  (sizes: readonly [number, number, number, number]) =>
  ({ inputs, outputs }: DvaeBlockConfig) => ({
    ...(inputs === outputs ? {} : { id_path: dvaeConvSpec(1, inputs, outputs) }),
    res_path: {
      conv_1: dvaeConvSpec(sizes[0], inputs, outputs / 4),
      conv_2: dvaeConvSpec(sizes[1], outputs / 4, outputs / 4),
      conv_3: dvaeConvSpec(sizes[2], outputs / 4, outputs / 4),
      conv_4: dvaeConvSpec(sizes[3], outputs / 4, outputs),
    },
  });

/** The encoder's block ends, the decoder's begins with the 1 × 1 convolution. */
export const encoderBlockSpec = blockSpec([3, 3, 3, 1]);
export const decoderBlockSpec = blockSpec([1, 3, 3, 3]);
export type DvaeBlockParams = ParamsOf<ReturnType<typeof encoderBlockSpec>>;

/** Positions that a block looks to each side: three 3 × 3 convolutions. */
export const blockReach = 3;

/**
 * id(x) + residual(x) / layers², of the encoder and of the decoder: [B, H, W, inputs] → [B, H, W, outputs].
 * `layers` counts the blocks of the whole encoder or decoder.
 */
export function dvaeBlock(x: tf.Tensor4D, p: DvaeBlockParams, layers: number): tf.Tensor4D {
  return tf.tidy(() => {
    const { conv_1, conv_2, conv_3, conv_4 } = p.res_path;
    const residual = [conv_1, conv_2, conv_3, conv_4].reduce((y, c) => conv2d(relu(y), c.w, c.b), x);
    const identity = p.id_path ? conv2d(x, p.id_path.w, p.id_path.b) : x;
    return tf.add(identity, tf.mul(residual, 1 / layers ** 2));
  });
}
