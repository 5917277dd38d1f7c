import {
  dropPath,
  gelu,
  layerNorm,
  layerNormSpec,
  linear,
  linearSpec,
  type ParamsOf,
  type ShiftedWindowConfig,
  shiftedWindowAttention,
  type Training,
  windowAttentionSpec,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface SwinBlockConfig extends ShiftedWindowConfig {
  readonly dim: number;
  /** Width of the feed-forward layer. */
  readonly hidden: number;
  /** Probability that a sample skips a residual branch in training. */
  readonly dropPath: number;
}

/** Parameters of one Swin block, named as in mmsegmentation. */
export const swinBlockSpec = ({ dim, hidden, window, heads }: SwinBlockConfig) => ({
  norm1: layerNormSpec(dim),
  attn: { w_msa: windowAttentionSpec({ dim, window, heads }) },
  norm2: layerNormSpec(dim),
  ffn: { layers: [[linearSpec(dim, hidden)], linearSpec(hidden, dim)] as const },
});
export type SwinBlockParams = ParamsOf<ReturnType<typeof swinBlockSpec>>;

/** y = x + (S)W-MSA(LN(x)); y + FFN(LN(y)): [B, H, W, dim] → [B, H, W, dim] */
export function swinBlock(
  x: tf.Tensor4D,
  p: SwinBlockParams,
  config: SwinBlockConfig,
  training?: Training,
): tf.Tensor4D {
  return tf.tidy(() => {
    const [[up], down] = p.ffn.layers;
    const attended = shiftedWindowAttention(layerNorm(x, p.norm1), p.attn.w_msa, config);
    const y = tf.add(x, dropPath(attended, config.dropPath, training));
    const fed = linear(gelu(linear(layerNorm(y, p.norm2), up)), down);
    return tf.add(y, dropPath(fed, config.dropPath, training));
  });
}
