import {
  batchNorm,
  batchNormSpec,
  conv,
  convBatchNorm,
  convNoBiasSpec,
  isFolded,
  type ParamsOf,
  type Training,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** mmcv's ConvModule without a bias: `conv`, `bn` and a ReLU. */
export const convModuleSpec = (size: number, inputs: number, outputs: number) => ({
  conv: convNoBiasSpec(size, inputs, outputs, { type: 'kaimingNormal' }),
  bn: batchNormSpec(outputs, { behind: 'conv' }),
});
export type ConvModuleParams = ParamsOf<ReturnType<typeof convModuleSpec>>;

/** [B, H, W, inputs] → [B, H, W, outputs]; of folded parameters (`foldNorms`) in one pass over the map. */
export const convModule = (x: tf.Tensor4D, { conv: filter, bn }: ConvModuleParams, training?: Training): tf.Tensor4D =>
  isFolded(bn) && !training
    ? convBatchNorm(x, filter, bn, { activate: true })
    : tf.tidy(() => tf.relu(batchNorm(conv(x, filter), bn, training)));
