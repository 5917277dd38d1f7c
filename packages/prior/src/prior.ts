import { swinBlocks, swinBlocksSpec } from '@gss/swin';
import {
  conv,
  convSpec,
  dropout2d,
  layerNorm,
  layerNormSpec,
  type ParamsOf,
  ShapeError,
  type Training,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { aggregate, aggregateSpec } from './aggregate.js';
import { type ClassifierConfig, classifierSpec, classifyTokens } from './classifier.js';
import { convModule, convModuleSpec } from './conv-module.js';

export interface PriorConfig extends ClassifierConfig {
  /** Channels of the backbone's maps, finest first. */
  readonly features: readonly number[];
  /** Levels that are aggregated, in the order of the reference's `in_index`. One level alone is Table 3's baseline. */
  readonly inIndex: readonly number[];
  /** Backbone level whose size the token map takes: 0 for d = 1/4, 1 for d = 1/8. */
  readonly tokenLevel: number;
  /** Channels of each level before fusion. */
  readonly channels: number;
  /** Channels after fusion and in the Swin blocks. */
  readonly tokenChannels: number;
  /** Side of the fusing convolution, odd: above 1 each cell also reads its neighbours (ours). Default 1, the reference's. */
  readonly fusionSize?: number;
  /** Swin blocks, D of the paper. 0 leaves them and their norm out. */
  readonly depth: number;
  readonly heads: number;
  readonly window: number;
  /** Probability that a channel before the token classifier is dropped in training. */
  readonly tokenDropout: number;
  /** K, without the unlabelled one. */
  readonly classes: number;
  /**
   * Where the auxiliary pixel head p(c̄|x) reads: its own aggregation (`separate`), the fused map before the Swin blocks
   * (`shared`, the reference's SingleFusion head), the map behind them (`attended`, what the discriminative twin
   * classifies), or nowhere (`none`).
   */
  readonly auxiliary: 'separate' | 'shared' | 'attended' | 'none';
  /** Backbone level whose size the pixel map takes; only a separate head may differ from `tokenLevel`. Default `tokenLevel`. */
  readonly pixelLevel?: number;
}

const tokenBlocks = ({ tokenChannels: dim, heads, window, depth }: PriorConfig) => ({
  dim,
  heads,
  window,
  depth,
  hidden: 2 * dim,
});

/** Parameters of the prior, named as under `decode_head.` of the reference. */
export function priorSpec(config: PriorConfig) {
  const { tokenChannels, classifierChannels, classes, channels, auxiliary, fusionSize = 1 } = config;
  const inputs = config.inIndex.map((level) => config.features[level]!);
  const tokens = aggregateSpec({ inputs, channels, outputs: tokenChannels, fusionSize });
  const pixels = aggregateSpec({ inputs, channels, outputs: channels, fusionSize });
  const separate = auxiliary === 'separate';
  return {
    conv_seg: classifierSpec(config),
    conv_before_seg: convModuleSpec(tokenChannels, classifierChannels),
    ...(auxiliary === 'none' ? {} : { conv_seg_pixel: convSpec(1, separate ? channels : tokenChannels, classes) }),
    ...(config.depth > 0
      ? { swin_ln: layerNormSpec(tokenChannels), transformer_block: swinBlocksSpec(tokenBlocks(config)) }
      : {}),
    convs: tokens.convs,
    fusion_conv: tokens.fusion,
    ...(separate ? { convs_pixel: pixels.convs, fusion_conv_pixel: pixels.fusion } : {}),
  };
}
export type PriorParams = ParamsOf<ReturnType<typeof priorSpec>>;

/** What the prior says about an image. */
export interface PriorOutput {
  /** Log-odds of p(z|x), [B, h, w, vocabulary]. */
  readonly tokenLogits: tf.Tensor4D;
  /** Log-odds of the auxiliary p(c̄|x), [B, h', w', classes]; undefined where the config has no auxiliary head. */
  readonly pixelLogits: tf.Tensor4D | undefined;
}

function selectLevels(features: readonly tf.Tensor4D[], { features: channels, inIndex }: PriorConfig) {
  return inIndex.map((level) => {
    const map = features[level];
    if (map?.shape[3] !== channels[level])
      throw new ShapeError('prior', `feature ${level} as [B, H, W, ${channels[level]}]`, map?.shape ?? 'no map');
    return map;
  });
}

/** Side lengths of level `level`. */
function sizeOf(features: readonly tf.Tensor4D[], level: number): readonly [number, number] {
  const map = features[level];
  if (!map) throw new RangeError(`prior: level ${level} asked for, but the backbone gave ${features.length} maps.`);
  return [map.shape[1], map.shape[2]];
}

/** Multi-level aggregation with its Swin blocks: features → [B, h, w, tokenChannels] before and after the blocks. */
export function tokenFeatures(
  features: readonly tf.Tensor4D[],
  params: PriorParams,
  config: PriorConfig,
  training?: Training,
): { readonly fused: tf.Tensor4D; readonly attended: tf.Tensor4D } {
  return tf.tidy(() => {
    const levels = selectLevels(features, config);
    const mla = { convs: params.convs, fusion: params.fusion_conv };
    const fused = aggregate(levels, mla, sizeOf(features, config.tokenLevel), training);
    if (!params.transformer_block || !params.swin_ln) return { fused, attended: tf.clone(fused) };
    const blocks = swinBlocks(fused, params.transformer_block, tokenBlocks(config), training);
    return { fused, attended: layerNorm(blocks, params.swin_ln) };
  });
}

/** [B, h, w, tokenChannels] → what the token classifier reads, [B, h, w, classifierChannels]. */
export const beforeClassifier = (attended: tf.Tensor4D, params: PriorParams, training?: Training): tf.Tensor4D =>
  convModule(attended, params.conv_before_seg, training);

/**
 * p(z|x) (§3.4): backbone maps, finest first, → token and pixel logits. With `training`, BatchNorm uses the batch and
 * token dropout is active.
 */
export function prior(
  features: readonly tf.Tensor4D[],
  params: PriorParams,
  config: PriorConfig,
  training?: Training,
): PriorOutput {
  return tf.tidy(() => {
    const { fused, attended } = tokenFeatures(features, params, config, training);
    const read = beforeClassifier(attended, params, training);
    const tokenLogits = classifyTokens(dropout2d(read, config.tokenDropout, training), params.conv_seg);
    if (!params.conv_seg_pixel) return { tokenLogits, pixelLogits: undefined };
    const { convs_pixel: convs, fusion_conv_pixel: fusion } = params;
    const pixels =
      convs && fusion
        ? aggregate(
            selectLevels(features, config),
            { convs, fusion },
            sizeOf(features, config.pixelLevel ?? config.tokenLevel),
            training,
          )
        : config.auxiliary === 'attended'
          ? attended
          : fused;
    return { tokenLogits, pixelLogits: conv(pixels, params.conv_seg_pixel) };
  });
}
