import * as tf from '@tensorflow/tfjs-core';
import type { Training } from '../training.js';
import { relu } from './activation.js';
import { type ConvOptions, type ConvParams, conv2d } from './conv.js';
import { type BatchNormParams, batchNorm } from './norm.js';

/** Of a BatchNorm; PyTorch's default. */
const epsilon = 1e-5;

/**
 * Convolution without bias, BatchNorm and, with `activate`, ReLU: [B, H, W, in] → [B, H', W', out]. Without `training` the
 * running statistics are folded into the kernel and a bias, γ/√(σ² + ε) · w and β − μ · γ/√(σ² + ε): one pass over the map
 * for three to five. Gradients of all parameters stay what they are.
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
    const scale = tf.mul(norm.weight, tf.rsqrt(tf.add(norm.running_var, epsilon)));
    const bias = tf.sub(norm.bias, tf.mul(norm.running_mean, scale)) as tf.Tensor1D;
    return conv2d(x, tf.mul(weight, scale) as tf.Tensor4D, bias, { ...options, activate });
  });
}
