import { batchNormSpec, convBatchNorm, convNoBiasSpec, type ParamsOf, type Training } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';

/** 1×1 convolution, BatchNorm, ReLU: mmcv's ConvModule, with its initial values. */
export const convModuleSpec = (inputs: number, outputs: number) => ({
  conv: convNoBiasSpec(1, inputs, outputs, { type: 'kaimingNormal' }),
  bn: batchNormSpec(outputs),
});
export type ConvModuleParams = ParamsOf<ReturnType<typeof convModuleSpec>>;

/** [B, H, W, inputs] → [B, H, W, outputs] */
export const convModule = (x: tf.Tensor4D, p: ConvModuleParams, training?: Training): tf.Tensor4D =>
  convBatchNorm(x, p.conv, p.bn, { activate: true }, training);
