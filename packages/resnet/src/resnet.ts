import {
  type BasicBlockParams,
  type BottleneckParams,
  basicBlock,
  basicBlockSpec,
  bottleneck,
  bottleneckExpansion,
  bottleneckSpec,
  type ParamsOf,
  type ResidualConfig,
  sizes,
  type Training,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type DeepStemParams, deepStemSpec, maxPoolOfRelu, type StemParams, stem, stemSpec } from './stem.js';

export interface ResNetConfig {
  /** Channels of each stage's map. */
  readonly channels: readonly number[];
  readonly block: 'basic' | 'bottleneck';
  /** Blocks in each stage. */
  readonly depths: readonly number[];
  readonly stemChannels: number;
  /** Three 3×3 convolutions (V1c) or one of 7×7. */
  readonly deepStem: boolean;
  /** Stride of each stage's first block. */
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Halves the dilation of each stage's first block (mmsegmentation's `contract_dilation`). */
  readonly contractDilation: boolean;
  /** −1 (default) trains all; n ≥ 0 freezes the stem and the first n stages, their running statistics too. */
  readonly frozenStages?: number;
}

/** The blocks of stage i. */
function stageBlocks(config: ResNetConfig, i: number): ResidualConfig[] {
  const outputs = config.channels[i]!;
  const planes = config.block === 'basic' ? outputs : outputs / bottleneckExpansion;
  const dilation = config.dilations[i]!;
  const first = config.contractDilation && dilation > 1 ? Math.floor(dilation / 2) : dilation;
  return Array.from({ length: config.depths[i]! }, (_, n) => ({
    inputs: n > 0 ? outputs : i > 0 ? config.channels[i - 1]! : config.stemChannels,
    planes,
    stride: n > 0 ? 1 : config.strides[i]!,
    dilation: n > 0 ? dilation : first,
  }));
}

const stageSpec = (config: ResNetConfig, i: number) =>
  stageBlocks(config, i).map((block) => (config.block === 'basic' ? basicBlockSpec(block) : bottleneckSpec(block)));

/** Parameters of the backbone, named as in mmsegmentation's ResNet and ResNetV1c. */
export function resnetSpec(config: ResNetConfig) {
  const body = config.deepStem ? deepStemSpec(config.stemChannels) : stemSpec(config.stemChannels);
  const layers = config.channels.map((_, i) => [`layer${i + 1}`, stageSpec(config, i)] as const);
  return Object.assign(
    body,
    Object.fromEntries(layers) as { readonly [name in `layer${number}`]: ReturnType<typeof stageSpec> },
  );
}
export type ResNetParams = ParamsOf<ReturnType<typeof resnetSpec>>;

/**
 * Image → feature pyramid: [B, H, W, 3], normalised, → one map a stage, [B, Hᵢ, Wᵢ, channels[i]]. With strides
 * 1, 2, 2, 2 the maps lie at 4, 8, 16 and 32; dilated stages keep their input's size.
 */
export function resnet(
  x: tf.Tensor4D,
  params: ResNetParams,
  config: ResNetConfig,
  training?: Training,
): readonly tf.Tensor4D[] {
  sizes('resnet', x, ['B', 'H', 'W', 3], 'Images are channels-last.');
  const { frozenStages = -1 } = config;
  return tf.tidy(() => {
    const maps: tf.Tensor4D[] = [];
    let y = maxPoolOfRelu(stem(x, params as StemParams | DeepStemParams, frozenStages >= 0 ? undefined : training));
    for (const i of config.channels.keys()) {
      const during = i < frozenStages ? undefined : training;
      const blocks = stageBlocks(config, i);
      for (const [n, p] of params[`layer${i + 1}`]!.entries()) {
        y =
          config.block === 'basic'
            ? basicBlock(y, p as BasicBlockParams, blocks[n]!, during)
            : bottleneck(y, p as BottleneckParams, blocks[n]!, during);
      }
      maps.push(y);
    }
    return maps;
  });
}

/** Which parameters `config.frozenStages` leaves to train; give it to `trainable(spec, params, resnetTrains(config))`. */
export function resnetTrains({ frozenStages = -1 }: ResNetConfig): (name: string) => boolean {
  return (name) => {
    const layer = /^layer(\d+)\./.exec(name)?.[1];
    return frozenStages < 0 || (layer !== undefined && Number(layer) > frozenStages);
  };
}
