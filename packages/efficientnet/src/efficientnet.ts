import { type ParamsOf, sizes, type Training } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type MBConvConfig, mbConv, mbConvSpec } from './block.js';
import { convBatchNorm, convWeightSpec, normSpec } from './conv-norm.js';

export interface StageConfig {
  readonly repeats: number;
  readonly kernel: number;
  /** Stride of the first block. */
  readonly stride: number;
  readonly expand: number;
  readonly channels: number;
}

export interface EfficientNetConfig {
  /** Channels of the four maps: those of the last stage at each stride from 4 on. */
  readonly channels: readonly number[];
  readonly stemChannels: number;
  readonly stages: readonly StageConfig[];
  /** Channels that the classifier pools. */
  readonly headChannels: number;
  /** Drop path of a block behind the last one; block i of n has the i / n-th part. */
  readonly dropPath: number;
  /** −1 (default) trains all; n ≥ 0 freezes the stem and the blocks up to map n, their running statistics too. */
  readonly frozenStages?: number;
  /** Frozen norms (mmsegmentation's `norm_eval`): training uses and keeps the running statistics. Default false. */
  readonly normEval?: boolean;
}

/** Strides at which a map is given. */
const mapStrides = [4, 8, 16, 32];

interface Block extends MBConvConfig {
  /** The map that the block belongs to (0 … 3), and whether it is the last of it. */
  readonly map: number;
  readonly last: boolean;
}

/** All blocks in a row, as `_blocks` numbers them. */
function blocksOf({ channels, stages, stemChannels, dropPath, normEval = false }: EfficientNetConfig): Block[] {
  let inputs = stemChannels;
  let at = 2; // the stem's stride
  const rows = stages.flatMap(({ repeats, kernel, stride, expand, channels: outputs }) =>
    Array.from({ length: repeats }, (_, i) => {
      const block = { inputs, outputs, kernel, expand, stride: i === 0 ? stride : 1, normEval };
      inputs = outputs;
      at *= block.stride;
      return { ...block, at };
    }),
  );
  const blocks = rows.map(({ at, ...block }, i) => {
    const map = Math.max(0, mapStrides.indexOf(at));
    return { ...block, dropPath: (dropPath * i) / rows.length, map, last: at !== 2 && rows[i + 1]?.at !== at };
  });
  const found = blocks.filter(({ last }) => last).map(({ outputs }) => outputs);
  if (found.join() !== channels.join())
    throw new RangeError(
      `efficientnet: expected channels [${found.join(', ')}] of the stages' maps at strides 4, 8, 16 and 32, got [${channels.join(', ')}]. Make the config with efficientnetLite({ width, depth }), or let both agree.`,
    );
  return blocks;
}

/** Parameters of the backbone, named as in the checkpoints: `_conv_stem`, `_bn0`, `_blocks.N.…`. */
export const efficientnetSpec = (config: EfficientNetConfig) => ({
  _conv_stem: convWeightSpec(3, 3, config.stemChannels),
  _bn0: normSpec(config.stemChannels, '_conv_stem'),
  _blocks: blocksOf(config).map(mbConvSpec),
});
export type EfficientNetParams = ParamsOf<ReturnType<typeof efficientnetSpec>>;

/**
 * Image → feature pyramid: [B, H, W, 3], (pixel − 127) / 128, → four maps at strides 4, 8, 16 and 32, rounded up,
 * [B, Hᵢ, Wᵢ, channels[i]]. They are projections without an activation, so their values have both signs.
 */
export function efficientnet(
  x: tf.Tensor4D,
  params: EfficientNetParams,
  config: EfficientNetConfig,
  training?: Training,
): readonly tf.Tensor4D[] {
  sizes('efficientnet', x, ['B', 'H', 'W', 3], 'Images are channels-last.');
  const { frozenStages = -1, normEval = false } = config;
  return tf.tidy(() => {
    const during = (stage: number) => (stage <= frozenStages ? undefined : training);
    const maps: tf.Tensor4D[] = [];
    let y = convBatchNorm(x, params._conv_stem, params._bn0, { stride: 2, normEval }, during(0));
    for (const [i, block] of blocksOf(config).entries()) {
      y = mbConv(y, params._blocks[i]!, block, during(block.map + 1));
      if (block.last) maps.push(y);
    }
    return maps;
  });
}

/** Which parameters `config.frozenStages` leaves to train; give it to `trainable(spec, params, efficientnetTrains(config))`. */
export function efficientnetTrains(config: EfficientNetConfig): (name: string) => boolean {
  const { frozenStages = -1 } = config;
  const blocks = blocksOf(config);
  return (name) => {
    const block = /^_blocks\.(\d+)\./.exec(name)?.[1];
    return frozenStages < 0 || (block !== undefined && blocks[Number(block)]!.map >= frozenStages);
  };
}
