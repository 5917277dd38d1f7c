import * as tf from '@tensorflow/tfjs-core';
import type { Initializer, ParamsOf } from '../spec.js';
import type { Training } from '../training.js';
import { relu } from './activation.js';
import { convNoBiasSpec } from './conv.js';
import { convBatchNorm } from './conv-norm.js';
import { batchNormSpec } from './norm.js';

/** As mmsegmentation initialises ResNets: Kaiming normal, fan out. */
const kaiming: Initializer = { type: 'kaimingNormal' };

export interface ResidualConfig {
  readonly inputs: number;
  /** Channels of the inner convolutions; a bottleneck gives 4 times as many. */
  readonly planes: number;
  readonly stride: number;
  readonly dilation: number;
}

/** Where channels or size change, the identity goes through a 1×1 convolution. */
const downsampleSpec = ({ inputs, stride }: ResidualConfig, outputs: number) =>
  stride === 1 && inputs === outputs
    ? {}
    : { downsample: [convNoBiasSpec(1, inputs, outputs, kaiming), batchNormSpec(outputs, { behind: 0 })] as const };

interface Downsample {
  readonly downsample?: ParamsOf<readonly [ReturnType<typeof convNoBiasSpec>, ReturnType<typeof batchNormSpec>]>;
}

function identity(x: tf.Tensor4D, { downsample }: Downsample, stride: number, training?: Training): tf.Tensor4D {
  return downsample ? convBatchNorm(x, downsample[0], downsample[1], { stride, padding: 0 }, training) : x;
}

/** mmsegmentation's BasicBlock: two 3×3 convolutions (ResNet-18 and -34, HRNet's branches). */
export const basicBlockSpec = (config: ResidualConfig) => ({
  conv1: convNoBiasSpec(3, config.inputs, config.planes, kaiming),
  bn1: batchNormSpec(config.planes, { behind: 'conv1' }),
  conv2: convNoBiasSpec(3, config.planes, config.planes, kaiming),
  bn2: batchNormSpec(config.planes, { behind: 'conv2' }),
  ...downsampleSpec(config, config.planes),
});
export type BasicBlockParams = ParamsOf<ReturnType<typeof basicBlockSpec>>;

/** [B, H, W, inputs] → [B, ⌈H / stride⌉, ⌈W / stride⌉, planes] */
export function basicBlock(
  x: tf.Tensor4D,
  p: BasicBlockParams,
  { stride, dilation }: ResidualConfig,
  training?: Training,
): tf.Tensor4D {
  return tf.tidy(() => {
    const strided = { stride, dilation, padding: dilation, activate: true };
    const first = convBatchNorm(x, p.conv1, p.bn1, strided, training);
    const second = convBatchNorm(first, p.conv2, p.bn2, {}, training);
    return relu<tf.Tensor4D>(tf.add(second, identity(x, p, stride, training)));
  });
}

/** Channels of a bottleneck's output over its planes. */
export const bottleneckExpansion = 4;

/** mmsegmentation's Bottleneck, style `pytorch`: 1×1, 3×3 (with the stride), 1×1. */
export const bottleneckSpec = (config: ResidualConfig) => ({
  conv1: convNoBiasSpec(1, config.inputs, config.planes, kaiming),
  bn1: batchNormSpec(config.planes, { behind: 'conv1' }),
  conv2: convNoBiasSpec(3, config.planes, config.planes, kaiming),
  bn2: batchNormSpec(config.planes, { behind: 'conv2' }),
  conv3: convNoBiasSpec(1, config.planes, config.planes * bottleneckExpansion, kaiming),
  bn3: batchNormSpec(config.planes * bottleneckExpansion, { behind: 'conv3' }),
  ...downsampleSpec(config, config.planes * bottleneckExpansion),
});
export type BottleneckParams = ParamsOf<ReturnType<typeof bottleneckSpec>>;

/** [B, H, W, inputs] → [B, ⌈H / stride⌉, ⌈W / stride⌉, 4 · planes] */
export function bottleneck(
  x: tf.Tensor4D,
  p: BottleneckParams,
  { stride, dilation }: ResidualConfig,
  training?: Training,
): tf.Tensor4D {
  return tf.tidy(() => {
    const narrow = convBatchNorm(x, p.conv1, p.bn1, { activate: true }, training);
    const strided = { stride, dilation, padding: dilation, activate: true };
    const middle = convBatchNorm(narrow, p.conv2, p.bn2, strided, training);
    const wide = convBatchNorm(middle, p.conv3, p.bn3, {}, training);
    return relu<tf.Tensor4D>(tf.add(wide, identity(x, p, stride, training)));
  });
}
