import * as tf from '@tensorflow/tfjs-core';
import type { Training } from '../training.js';
import { relu } from './activation.js';
import { type ConvOptions, type ConvParams, conv2d } from './conv.js';
import { foldNorm } from './fold-norms.js';
import { type BatchNormParams, batchNorm, batchNormEpsilon, type FoldedNorm } from './norm.js';

/**
 * Convolution without bias, BatchNorm (ε = 1e-5) and, with `activate`, ReLU: [B, H, W, in] → [B, H', W', out]. Without `training` the
 * running statistics are folded into the kernel and a bias: one pass over the map for three to five. Gradients of all parameters stay
 * what they are. Whoever runs it often folds once, with `foldNorms`.
 */
export function convBatchNorm(
  x: tf.Tensor4D,
  { weight }: Pick<ConvParams, 'weight'>,
  norm: BatchNormParams | FoldedNorm,
  { activate = false, ...options }: ConvOptions = {},
  training?: Training,
): tf.Tensor4D {
  return tf.tidy(() => {
    if (training) {
      const y = batchNorm(conv2d(x, weight, null, options), norm, training, { eps: batchNormEpsilon });
      return activate ? relu(y) : y;
    }
    const [folded, bias] = foldNorm(weight, norm, batchNormEpsilon);
    return conv2d(x, folded, bias, { ...options, activate });
  });
}
