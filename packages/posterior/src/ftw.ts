import { type SwinBlocksConfig, swinBlocks, swinBlocksSpec } from '@gss/swin';
import { conv, convSpec, layerNorm, layerNormSpec, type ParamsOf, ShapeError, sizes, type Training } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { convModule, convModuleSpec } from './conv-module.js';

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
  /**
   * Ours, no part of the paper: the inverse also sees the photo (3 channels in [0, 1] after the maskige's), to place edges
   * that tokens of d × d pixels round off.
   */
  readonly photo?: boolean;
  /** Ours: it also sees the soft maskige, the decoding of the prior's expected code (3 channels, last). */
  readonly soft?: boolean;
  /**
   * Ours: it also sees p(c|x), the sum over all codes (K channels, last), and what it says is added to its logarithm. Untrained it is
   * therefore that sum; it learns where to depart from it.
   */
  readonly marginal?: boolean;
}
type Seen = Pick<FtwConfig, 'photo' | 'soft' | 'marginal' | 'classes'>;

/** Channels that the inverse reads: the maskige's three, three of the photo, three of the soft maskige, K of p(c|x). */
export const ftwInputs = ({ photo, soft, marginal, classes }: Seen): number =>
  3 * (1 + Number(photo ?? false) + Number(soft ?? false)) + (marginal ? classes : 0);

/** What the inverse may see besides the maskige, each [B, H, W, 3] in [0, 1], `marginal` [B, H, W, K]. */
export interface InverseSides {
  readonly photo?: tf.Tensor4D | undefined;
  readonly soft?: tf.Tensor4D | undefined;
  readonly marginal?: tf.Tensor4D | undefined;
}

/** Maskige, photo, soft maskige and p(c|x) side by side as a config wants them: [B, H, W, 3] → [B, H, W, ftwInputs]. */
export function ftwImage(maskige: tf.Tensor4D, config: Seen, sides: InverseSides = {}): tf.Tensor4D {
  const parts = [maskige];
  for (const key of ['photo', 'soft', 'marginal'] as const) {
    if (!config[key]) continue;
    const side = sides[key];
    const wanted = [...maskige.shape.slice(0, 3), key === 'marginal' ? config.classes : 3];
    if (side?.shape.join() !== wanted.join())
      throw new ShapeError('ftwImage', `${key} [${wanted.join(', ')}] beside the maskige`, side?.shape ?? 'none');
    parts.push(side);
  }
  return tf.tidy(() => (parts.length === 1 ? tf.clone(maskige) : (tf.concat(parts, 3) as tf.Tensor4D)));
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

/** Under it p(c|x) counts as it: a class that the prior all but rules out must stay within reach of a correction. */
const leastMarginal = 1e-3;

const blocksOf = ({ channels, hidden, heads, window, depth }: FtwConfig): SwinBlocksConfig => ({
  dim: channels,
  hidden,
  heads,
  window,
  depth,
});

/** 𝒳⁻¹ of GSS-FT-W under the names that the reference's head gives it. */
export const ftwSpec = (config: FtwConfig) => ({
  projection: convModuleSpec(1, ftwInputs(config), config.channels),
  post_transformer_block: swinBlocksSpec(blocksOf(config)),
  post_swin_ln: layerNormSpec(config.channels),
  cls_segmap: {
    conv: convSpec(1, config.channels, config.classes, { type: config.marginal ? 'zeros' : 'kaimingNormal' }),
  },
});
export type FtwParams = ParamsOf<ReturnType<typeof ftwSpec>>;

/** The first layer, conv 1×1 + BatchNorm + ReLU: maskige [B, H, W, 3] in [0, 1] → [B, H, W, channels]. */
export function ftwProjection(maskige: tf.Tensor4D, { projection }: FtwParams, training?: Training): tf.Tensor4D {
  sizes('ftwProjection', maskige, ['B', 'H', 'W', projection.conv.weight.shape[2]!]);
  return convModule(maskige, projection, training);
}

/**
 * GSS-FT-W's learned 𝒳⁻¹: projection, shifted-window blocks, LayerNorm, conv 1×1: maskige [B, H, W, 3] in [0, 1] (the
 * tokenizer's decoding of the tokens that the prior predicts; `ftwImage` puts more beside it) → class logits [B, H, W, K].
 */
export function ftw(maskige: tf.Tensor4D, p: FtwParams, config: FtwConfig, training?: Training): tf.Tensor4D {
  sizes('ftw', maskige, ['B', 'H', 'W', ftwInputs(config)]);
  return tf.tidy(() => {
    const projected = ftwProjection(maskige, p, training); // [B, H, W, channels]
    const blocks = swinBlocks(projected, p.post_transformer_block, blocksOf(config), training);
    const logits = conv(layerNorm(blocks, p.post_swin_ln), p.cls_segmap.conv); // [B, H, W, K]
    if (!config.marginal) return logits;
    const marginal = tf.slice(maskige, [0, 0, 0, ftwInputs(config) - config.classes], [-1, -1, -1, config.classes]);
    return tf.add(logits, tf.log(tf.maximum(marginal, leastMarginal)));
  });
}
