import { conv, convSpec, layerNorm, layerNormSpec, linear, linearNoBiasSpec, type ParamsOf, pad2d } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface PatchMergingConfig {
  readonly inputs: number;
  readonly outputs: number;
  /** LayerNorm before the reduction. Default true. */
  readonly norm?: boolean;
}

/** Joins 2×2 neighbours; channels are ordered (c, row, column) as in mmsegmentation. */
export const patchMergingSpec = ({ inputs, outputs, norm = true }: PatchMergingConfig) => ({
  ...(norm ? { norm: layerNormSpec(4 * inputs) } : {}),
  reduction: linearNoBiasSpec(4 * inputs, outputs),
});
export type PatchMergingParams = ParamsOf<ReturnType<typeof patchMergingSpec>>;

/** [B, H, W, inputs] → [B, ⌈H / 2⌉, ⌈W / 2⌉, outputs]; zeros pad right and bottom to even sizes. */
export function patchMerging(x: tf.Tensor4D, p: PatchMergingParams): tf.Tensor4D {
  return tf.tidy(() => {
    const padded = pad2d(x, [0, x.shape[1] % 2, 0, x.shape[2] % 2]);
    const [B, H, W, C] = padded.shape;
    const grid = tf.reshape(padded, [B, H / 2, 2, W / 2, 2, C]);
    const merged = tf.reshape(tf.transpose(grid, [0, 1, 3, 5, 2, 4]), [B, H / 2, W / 2, 4 * C]) as tf.Tensor4D;
    return linear(p.norm ? layerNorm(merged, p.norm) : merged, p.reduction);
  });
}

/** LayerNorm and an overlapping 3×3 convolution of stride 2 in place of the 2×2 patches. Ours. */
export const convMergingSpec = ({ inputs, outputs }: PatchMergingConfig) => ({
  norm: layerNormSpec(inputs),
  conv: convSpec(3, inputs, outputs, { type: 'kaimingNormal' }),
});
export type ConvMergingParams = ParamsOf<ReturnType<typeof convMergingSpec>>;

/** [B, H, W, inputs] → [B, ⌈H / 2⌉, ⌈W / 2⌉, outputs] */
export const convMerging = (x: tf.Tensor4D, p: ConvMergingParams): tf.Tensor4D =>
  tf.tidy(() => conv(layerNorm(x, p.norm), p.conv, { stride: 2, padding: 1 }));
