import * as tf from '@tensorflow/tfjs-core';
import { fusedLinearArgMax, hasFused } from '../kernels/fused.js';
import { type ConvParams, conv } from './conv.js';

/**
 * arg max over the channels that a 1 × 1 convolution makes, the first on a tie: [B, H, W, in] × [1, 1, in, out] → int32 [B, H, W]. Where a
 * backend has `GssLinearArgMax` the channels are never stored: of 1024 codes on a map of 96 × 128 they take 50 MB. No gradient.
 */
export function convArgMax(x: tf.Tensor4D, params: ConvParams): tf.Tensor3D {
  const { weight, bias } = params;
  const [height, width, inputs] = weight.shape;
  const fused = height === 1 && width === 1 && x.shape[3] === inputs && hasFused('GssLinearArgMax');
  return tf.tidy(() => {
    if (!fused) return tf.argMax(conv(x, params), 3) as tf.Tensor3D;
    return fusedLinearArgMax(x, weight, bias ?? tf.zeros([weight.shape[3]])) as tf.Tensor3D;
  });
}
