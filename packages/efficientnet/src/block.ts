import { dropPath, type ParamsOf, type Training } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { convBatchNorm, convWeightSpec, depthwiseBatchNorm, depthwiseWeightSpec, normSpec } from './conv-norm.js';

export interface MBConvConfig {
  readonly inputs: number;
  readonly outputs: number;
  /** Side of the depthwise filters: 3 or 5. */
  readonly kernel: number;
  readonly stride: number;
  /** The depthwise convolution works on expand × inputs channels. */
  readonly expand: number;
  /** Probability that training drops the block's branch (drop connect). */
  readonly dropPath: number;
  /** The norms keep to their running statistics in training too. Default false. */
  readonly normEval?: boolean;
}

const expansionSpec = ({ inputs, expand }: MBConvConfig) =>
  expand === 1
    ? {}
    : { _expand_conv: convWeightSpec(1, inputs, inputs * expand), _bn0: normSpec(inputs * expand, '_expand_conv') };

/** MBConv without squeeze and excitation, which Lite leaves out. */
export const mbConvSpec = (config: MBConvConfig) => ({
  ...expansionSpec(config),
  _depthwise_conv: depthwiseWeightSpec(config.kernel, config.inputs * config.expand),
  _bn1: normSpec(config.inputs * config.expand, '_depthwise_conv'),
  _project_conv: convWeightSpec(1, config.inputs * config.expand, config.outputs),
  _bn2: normSpec(config.outputs, '_project_conv'),
});
export type MBConvParams = ParamsOf<ReturnType<typeof mbConvSpec>>;

/**
 * Expand → filter each channel → project, around which the identity leads where nothing changes size:
 * [B, H, W, inputs] → [B, ⌈H / stride⌉, ⌈W / stride⌉, outputs].
 */
export function mbConv(
  x: tf.Tensor4D,
  p: MBConvParams,
  { inputs, outputs, stride, dropPath: rate, normEval = false }: MBConvConfig,
  training?: Training,
): tf.Tensor4D {
  return tf.tidy(() => {
    const wide = p._expand_conv && p._bn0 ? convBatchNorm(x, p._expand_conv, p._bn0, { normEval }, training) : x;
    const filtered = depthwiseBatchNorm(wide, p._depthwise_conv, p._bn1, { stride, normEval }, training);
    const y = convBatchNorm(filtered, p._project_conv, p._bn2, { activate: false, normEval }, training);
    return stride === 1 && inputs === outputs ? tf.add(dropPath(y, rate, training), x) : y;
  });
}
