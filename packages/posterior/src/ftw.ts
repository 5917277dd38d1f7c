import { type SwinBlocksConfig, swinBlocks, swinBlocksSpec } from '@gss/swin';
import {
  batchNorm,
  batchNormSpec,
  conv,
  convNoBiasSpec,
  convSpec,
  layerNorm,
  layerNormSpec,
  type ParamsOf,
  sizes,
  type Training,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface FtwConfig {
  /** Width of the blocks; 128 in the paper. */
  readonly channels: number;
  /** Swin blocks, every second one shifted; 1 or 2 in the reference's configs. */
  readonly depth: number;
  readonly heads: number;
  readonly window: number;
  /** Width of a block's feed-forward layer; the reference takes twice the channels. */
  readonly hidden: number;
  /** K. */
  readonly classes: number;
}

/** The sizes of the paper (supplement) for K classes. */
export const ftwPaper = (classes: number, depth = 1): FtwConfig => ({
  channels: 128,
  depth,
  heads: 4,
  window: 7,
  hidden: 256,
  classes,
});

const blocksOf = ({ channels, hidden, heads, window, depth }: FtwConfig): SwinBlocksConfig => ({
  dim: channels,
  hidden,
  heads,
  window,
  depth,
});

/** 𝒳⁻¹ of GSS-FT-W under the names that the reference's head gives it. */
export const ftwSpec = (config: FtwConfig) => ({
  projection: {
    conv: convNoBiasSpec(1, 3, config.channels, { type: 'kaimingNormal' }),
    bn: batchNormSpec(config.channels),
  },
  post_transformer_block: swinBlocksSpec(blocksOf(config)),
  post_swin_ln: layerNormSpec(config.channels),
  cls_segmap: { conv: convSpec(1, config.channels, config.classes, { type: 'kaimingNormal' }) },
});
export type FtwParams = ParamsOf<ReturnType<typeof ftwSpec>>;

/** The first layer, conv 1×1 + BatchNorm + ReLU: maskige [B, H, W, 3] in [0, 1] → [B, H, W, channels]. */
export function ftwProjection(maskige: tf.Tensor4D, { projection }: FtwParams, training?: Training): tf.Tensor4D {
  sizes('ftwProjection', maskige, ['B', 'H', 'W', 3]);
  return tf.tidy(() => tf.relu(batchNorm(conv(maskige, projection.conv), projection.bn, training)));
}

/**
 * GSS-FT-W's learned 𝒳⁻¹: projection, shifted-window blocks, LayerNorm, conv 1×1: maskige [B, H, W, 3] in [0, 1] (the
 * tokenizer's decoding of the tokens that the prior predicts) → class logits [B, H, W, K].
 */
export function ftw(maskige: tf.Tensor4D, p: FtwParams, config: FtwConfig, training?: Training): tf.Tensor4D {
  sizes('ftw', maskige, ['B', 'H', 'W', 3]);
  return tf.tidy(() => {
    const projected = ftwProjection(maskige, p, training); // [B, H, W, channels]
    const blocks = swinBlocks(projected, p.post_transformer_block, blocksOf(config), training);
    return conv(layerNorm(blocks, p.post_swin_ln), p.cls_segmap.conv); // [B, H, W, K]
  });
}
