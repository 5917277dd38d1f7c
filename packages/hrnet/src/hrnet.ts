import {
  batchNormSpec,
  bottleneck,
  bottleneckExpansion,
  bottleneckSpec,
  convBatchNorm,
  convNoBiasSpec,
  type ParamsOf,
  type ResidualConfig,
  sizes,
  type Training,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type StageConfig, stage, stageSpec, transition, transitionSpec } from './stage.js';

export interface HRNetConfig {
  /** Channels of the four output maps, finest first: those of the last stage. */
  readonly channels: readonly number[];
  /** Bottlenecks of stage 1 and their inner channels. */
  readonly first: { readonly blocks: number; readonly planes: number };
  /** Stages 2, 3 and 4: two, three and four branches. */
  readonly stages: readonly [StageConfig, StageConfig, StageConfig];
  /** −1 (default) trains all; n ≥ 0 freezes the stem and the first n stages with the transitions behind them. */
  readonly frozenStages?: number;
}

const stemChannels = 64;
const kaiming = { type: 'kaimingNormal' } as const;

const firstBlocks = ({ first: { blocks, planes } }: HRNetConfig): ResidualConfig[] =>
  Array.from({ length: blocks }, (_, i) => ({
    inputs: i === 0 ? stemChannels : planes * bottleneckExpansion,
    planes,
    stride: 1,
    dilation: 1,
  }));

/** Parameters of the backbone, named as in mmsegmentation's HRNet. */
export function hrnetSpec(config: HRNetConfig) {
  const [two, three, four] = config.stages;
  return {
    conv1: convNoBiasSpec(3, 3, stemChannels, kaiming),
    bn1: batchNormSpec(stemChannels, { behind: 'conv1' }),
    conv2: convNoBiasSpec(3, stemChannels, stemChannels, kaiming),
    bn2: batchNormSpec(stemChannels, { behind: 'conv2' }),
    layer1: firstBlocks(config).map(bottleneckSpec),
    transition1: transitionSpec([config.first.planes * bottleneckExpansion], two.channels),
    stage2: stageSpec(two),
    transition2: transitionSpec(two.channels, three.channels),
    stage3: stageSpec(three),
    transition3: transitionSpec(three.channels, four.channels),
    stage4: stageSpec(four),
  };
}
export type HRNetParams = ParamsOf<ReturnType<typeof hrnetSpec>>;

/**
 * Image → feature pyramid: [B, H, W, 3], normalised, → four maps at strides 4, 8, 16 and 32, [B, Hᵢ, Wᵢ, channels[i]].
 * All four have gone through the whole depth.
 */
export function hrnet(
  x: tf.Tensor4D,
  p: HRNetParams,
  config: HRNetConfig,
  training?: Training,
): readonly tf.Tensor4D[] {
  sizes('hrnet', x, ['B', 'H', 'W', 3], 'Images are channels-last.');
  const { frozenStages = -1, stages } = config;
  const during = (stage: number) => (stage <= frozenStages ? undefined : training);
  return tf.tidy(() => {
    const halving = { stride: 2, padding: 1, activate: true };
    const half = convBatchNorm(x, p.conv1, p.bn1, halving, during(0));
    const quarter = convBatchNorm(half, p.conv2, p.bn2, halving, during(0));
    const blocks = firstBlocks(config);
    const first = p.layer1.reduce((y, block, i) => bottleneck(y, block, blocks[i]!, during(1)), quarter);
    const two = stage(transition([first], p.transition1, during(1)), p.stage2, stages[0], during(2));
    const three = stage(transition(two, p.transition2, during(2)), p.stage3, stages[1], during(3));
    return stage(transition(three, p.transition3, during(3)), p.stage4, stages[2], during(4));
  });
}

/** Which parameters `config.frozenStages` leaves to train; give it to `trainable(spec, params, hrnetTrains(config))`. */
export function hrnetTrains({ frozenStages = -1 }: HRNetConfig): (name: string) => boolean {
  return (name) => {
    const stage = /^(?:layer|stage|transition)(\d)\./.exec(name)?.[1];
    return (stage === undefined ? 0 : Number(stage)) > frozenStages;
  };
}
