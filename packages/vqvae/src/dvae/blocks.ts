import { conv2d, kernel, type ParamsOf, relu, vector } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { doubledConv2d, doubleSize } from '../doubled-conv.js';

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

/** f(x), and x is gone: intermediate maps end where they were last read, which halves the peak. What a gradient needs stays. */
export function pass<T extends tf.Tensor>(x: tf.Tensor4D, f: (x: tf.Tensor4D) => T): T {
  const y = f(x);
  x.dispose();
  return y;
}

const reluConv = (x: tf.Tensor4D, { w, b }: DvaeConvParams): tf.Tensor4D => pass(relu(x), (y) => conv2d(y, w, b));

/** conv2d(x) · gain. The gain goes into the kernel where that has fewer values than the map. */
function scaledConv2d(x: tf.Tensor4D, { w, b }: DvaeConvParams, gain: number): tf.Tensor4D {
  const [B, H, W] = x.shape;
  if (w.size >= B * H * W * w.shape[3]) return pass(conv2d(x, w, b), (y) => tf.mul(y, gain));
  return conv2d(x, tf.mul(w, gain), tf.mul(b, gain) as tf.Tensor1D);
}

/**
 * id(x) + residual(x) / layers², of the encoder and of the decoder: [B, H, W, inputs] → [B, H, W, outputs].
 * `layers` counts the blocks of the whole encoder or decoder.
 */
export function dvaeBlock(x: tf.Tensor4D, p: DvaeBlockParams, layers: number): tf.Tensor4D {
  return tf.tidy(() => {
    const { conv_1, conv_2, conv_3, conv_4 } = p.res_path;
    const second = pass(reluConv(x, conv_1), (y) => reluConv(y, conv_2));
    const hidden = pass(
      pass(second, (y) => reluConv(y, conv_3)),
      relu,
    );
    const residual = pass(hidden, (y) => scaledConv2d(y, conv_4, 1 / layers ** 2));
    const identity = p.id_path ? conv2d(x, p.id_path.w, p.id_path.b) : x;
    return tf.add(identity, residual);
  });
}

/**
 * dvaeBlock(doubleSize(x)) of the decoder: [B, H, W, inputs] → [B, 2H, 2W, outputs]. Its 1 × 1 convolutions and the ReLU
 * between them give the same before doubling as after it, at a quarter of the cost, and the doubled map is never made.
 */
export function doubledBlock(x: tf.Tensor4D, p: DvaeBlockParams, layers: number): tf.Tensor4D {
  return tf.tidy(() => {
    const { conv_1, conv_2, conv_3, conv_4 } = p.res_path;
    const narrow = pass(reluConv(x, conv_1), relu); // [B, H, W, outputs / 4]
    const second = pass(narrow, (y) => doubledConv2d(y, conv_2.w, conv_2.b)); // [B, 2H, 2W, outputs / 4]
    const hidden = pass(
      pass(second, (y) => reluConv(y, conv_3)),
      relu,
    );
    const residual = pass(hidden, (y) => scaledConv2d(y, conv_4, 1 / layers ** 2));
    const { id_path } = p;
    const identity = id_path ? pass(conv2d(x, id_path.w, id_path.b), doubleSize) : doubleSize(x);
    return tf.add(identity, residual);
  });
}
