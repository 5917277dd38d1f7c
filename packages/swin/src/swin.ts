import { layerNorm, layerNormSpec, type ParamsOf, resize, sizes, type Training, table } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type SwinBlocksConfig, type SwinBlocksParams, swinBlocks, swinBlocksSpec } from './blocks.js';
import {
  type ConvStemParams,
  convStem,
  convStemSpec,
  type PatchEmbedParams,
  patchEmbed,
  patchEmbedSpec,
} from './patch-embed.js';
import {
  type ConvMergingParams,
  convMerging,
  convMergingSpec,
  type PatchMergingParams,
  patchMerging,
  patchMergingSpec,
} from './patch-merging.js';

export interface SwinConfig {
  /** Channels of each stage's map; strides 4, 8, 16, 32. */
  readonly channels: readonly number[];
  /** Blocks in each stage. */
  readonly depths: readonly number[];
  /** Attention heads in each stage. */
  readonly heads: readonly number[];
  readonly window: number;
  /** Feed-forward width over channels. */
  readonly mlpRatio: number;
  /** Drop path rate of the last block; it grows linearly from 0 at the first. */
  readonly dropPath: number;
  /**
   * `patch` (default) cuts 4×4 patches and merges 2×2 neighbours as the paper does; `conv` uses overlapping 3×3
   * convolutions of stride 2 for both, which learns faster from scratch.
   */
  readonly stem?: 'patch' | 'conv';
  /** LayerNorm behind patch embedding and before merging. Default true. */
  readonly patchNorm?: boolean;
  /** Rows and columns of a learned absolute position table; other map sizes take it resized. Default none. */
  readonly absolutePosition?: readonly [number, number];
  /** −1 (default) trains all; n ≥ 0 freezes the patch embedding and the first n stages, as mmsegmentation counts. */
  readonly frozenStages?: number;
}

const hiddenOf = (config: SwinConfig, channels: number) => Math.floor(config.mlpRatio * channels);

/** Drop path rate of every block, first to last: linear from 0 to `rate`. */
export function dropPathRates(depths: readonly number[], rate: number): number[] {
  const total = depths.reduce((sum, depth) => sum + depth, 0);
  return Array.from({ length: total }, (_, i) => (total === 1 ? 0 : (rate * i) / (total - 1)));
}

function stageConfigs(config: SwinConfig): SwinBlocksConfig[] {
  const rates = dropPathRates(config.depths, config.dropPath);
  return config.channels.map((dim, i) => {
    const first = config.depths.slice(0, i).reduce((sum, depth) => sum + depth, 0);
    const depth = config.depths[i]!;
    const dropPaths = rates.slice(first, first + depth);
    return { dim, hidden: hiddenOf(config, dim), heads: config.heads[i]!, window: config.window, depth, dropPaths };
  });
}

function stageSpec(config: SwinConfig, i: number) {
  const inputs = config.channels[i]!;
  const outputs = config.channels[i + 1];
  const merging = { inputs, outputs: outputs ?? 0, norm: config.patchNorm ?? true };
  return {
    ...swinBlocksSpec(stageConfigs(config)[i]!),
    ...(outputs === undefined
      ? {}
      : { downsample: config.stem === 'conv' ? convMergingSpec(merging) : patchMergingSpec(merging) }),
  };
}

function embedSpec({ channels, patchNorm = true, stem }: SwinConfig) {
  return stem === 'conv'
    ? convStemSpec({ outputs: channels[0]! })
    : patchEmbedSpec({ outputs: channels[0]!, norm: patchNorm });
}

const outputNorms = (channels: readonly number[]) =>
  Object.fromEntries(channels.map((dim, i) => [`norm${i}`, layerNormSpec(dim)])) as {
    readonly [name in `norm${number}`]: ReturnType<typeof layerNormSpec>;
  };

/** Parameters of the backbone, named as in mmsegmentation's SwinTransformer. */
export function swinSpec(config: SwinConfig) {
  const { absolutePosition: grid, channels } = config;
  const body = {
    ...(grid ? { absolute_pos_embed: table<tf.Rank.R3>([1, grid[0] * grid[1], channels[0]!]) } : {}),
    patch_embed: embedSpec(config),
    stages: channels.map((_, i) => stageSpec(config, i)),
  };
  return Object.assign(body, outputNorms(channels));
}
export type SwinParams = ParamsOf<ReturnType<typeof swinSpec>>;

function embed(x: tf.Tensor4D, params: SwinParams, config: SwinConfig, training?: Training): tf.Tensor4D {
  const { patchNorm: norm = true, absolutePosition, channels } = config;
  const y =
    config.stem === 'conv'
      ? convStem(x, params.patch_embed as ConvStemParams, training)
      : patchEmbed(x, params.patch_embed as PatchEmbedParams, { outputs: channels[0]!, norm });
  if (!absolutePosition || !params.absolute_pos_embed) return y;
  const [rows, columns] = absolutePosition;
  const positions = tf.reshape(params.absolute_pos_embed, [1, rows, columns, channels[0]!]) as tf.Tensor4D;
  return tf.add(y, resize(positions, [y.shape[1], y.shape[2]]));
}

/**
 * Image → feature pyramid: [B, H, W, 3], normalised, → one map a stage, [B, ⌈H / 4⌉, ⌈W / 4⌉, channels[0]],
 * [B, ⌈H / 8⌉, ⌈W / 8⌉, channels[1]], …, each behind its own LayerNorm.
 */
export function swin(
  x: tf.Tensor4D,
  params: SwinParams,
  config: SwinConfig,
  training?: Training,
): readonly tf.Tensor4D[] {
  sizes('swin', x, ['B', 'H', 'W', 3], 'Images are channels-last.');
  const { channels, frozenStages = -1, stem } = config;
  const stages = stageConfigs(config);
  return tf.tidy(() => {
    const maps: tf.Tensor4D[] = [];
    let y = embed(x, params, config, frozenStages >= 0 ? undefined : training);
    for (let i = 0; i < channels.length; i++) {
      const p = params.stages[i]!;
      y = swinBlocks(y, p as SwinBlocksParams, stages[i]!, i < frozenStages ? undefined : training);
      maps.push(layerNorm(y, params[`norm${i}`]!));
      if (!p.downsample) continue;
      y =
        stem === 'conv'
          ? convMerging(y, p.downsample as ConvMergingParams)
          : patchMerging(y, p.downsample as PatchMergingParams);
    }
    return maps;
  });
}

/**
 * Which parameters `config.frozenStages` leaves to train; give it to `trainable(spec, params, swinTrains(config))`.
 * As in mmsegmentation, stage i takes its output norm and its merging along.
 */
export function swinTrains({ frozenStages = -1 }: SwinConfig): (name: string) => boolean {
  return (name) => {
    if (frozenStages < 0) return true;
    const stage = /^(?:stages\.|norm)(\d+)\./.exec(name)?.[1];
    return stage !== undefined && Number(stage) >= frozenStages;
  };
}
