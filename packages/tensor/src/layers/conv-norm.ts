import * as tf from '@tensorflow/tfjs-core';
import { fusedFoldBatchNorm, hasFused } from '../kernels/fused.js';
import type { Training } from '../training.js';
import { relu } from './activation.js';
import { type ConvOptions, type ConvParams, conv2d } from './conv.js';
import { type BatchNormParams, batchNorm } from './norm.js';

/** Of a BatchNorm; PyTorch's default. */
const epsilon = 1e-5;

/** γ/√(σ² + ε) · w and β − μ · γ/√(σ² + ε). */
function fold(
  filter: tf.Tensor4D,
  { weight: gamma, bias: beta, running_mean: mean, running_var: variance }: BatchNormParams,
): [filter: tf.Tensor4D, bias: tf.Tensor1D] {
  if (hasFused('GssFoldBatchNorm') && !tf.engine().isTapeOn())
    return fusedFoldBatchNorm({ filter, gamma, beta, mean, variance }, epsilon);
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
  return [tf.mul(filter, scale), tf.sub(beta, tf.mul(mean, scale))];
}

/**
 * Convolution without bias, BatchNorm and, with `activate`, ReLU: [B, H, W, in] → [B, H', W', out]. Without `training` the
 * running statistics are folded into the kernel and a bias: one pass over the map for three to five. Gradients of all parameters stay what they are.
 */
export function convBatchNorm(
  x: tf.Tensor4D,
  { weight }: Pick<ConvParams, 'weight'>,
  norm: BatchNormParams,
  { activate = false, ...options }: ConvOptions = {},
  training?: Training,
): tf.Tensor4D {
  return tf.tidy(() => {
    if (training) {
      const y = batchNorm(conv2d(x, weight, null, options), norm, training, { eps: epsilon });
      return activate ? relu(y) : y;
    }
    const [folded, bias] = fold(weight, norm);
    return conv2d(x, folded, bias, { ...options, activate });
  });
}
