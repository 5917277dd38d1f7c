import { batchNormSpec, convBatchNorm, convNoBiasSpec, type ParamsOf, type Training } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';

/** Convolution (`size` × `size`, odd; default 1), BatchNorm, ReLU: mmcv's ConvModule, with its initial values. */
export const convModuleSpec = (inputs: number, outputs: number, size = 1) => ({
  conv: convNoBiasSpec(size, inputs, outputs, { type: 'kaimingNormal' }),
  bn: batchNormSpec(outputs, { behind: 'conv' }),
});
export type ConvModuleParams = ParamsOf<ReturnType<typeof convModuleSpec>>;

/** [B, H, W, inputs] → [B, H, W, outputs], zeros beyond the edges. */
export const convModule = (x: tf.Tensor4D, p: ConvModuleParams, training?: Training): tf.Tensor4D =>
  convBatchNorm(x, p.conv, p.bn, { activate: true }, training);
