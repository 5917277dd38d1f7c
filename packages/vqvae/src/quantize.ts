import { ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { stopGradient, straightThrough } from './stop-gradient.js';
import { lookUp } from './tokenizer.js';

/** Index of the nearest code in squared distance: z [B, h, w, D], codebook [V, D] → [B, h, w] int32; the lowest of equals. */
export function nearestCode(z: tf.Tensor4D, codebook: tf.Tensor2D): tf.Tensor3D {
  const [B, h, w, D] = z.shape;
  if (codebook.shape[1] !== D) throw new ShapeError('nearestCode', `[B, h, w, ${codebook.shape[1]}]`, z.shape);
  return tf.tidy(() => {
    // argmin ‖z − e‖² = argmax z·e − ‖e‖² / 2: one product, and no [N, V, D] tensor.
    const products = tf.matMul(tf.reshape(z, [-1, D]) as tf.Tensor2D, tf.transpose(codebook) as tf.Tensor2D);
    const halfNorms = tf.mul(tf.sum(tf.square(codebook), 1), 0.5);
    return tf.reshape(tf.argMax(tf.sub(products, halfNorms), 1), [B, h, w]) as tf.Tensor3D;
  });
}

export interface Quantized {
  /** Nearest codes with the gradient of z (straight-through), [B, h, w, D]. */
  readonly quantized: tf.Tensor4D;
  /** [B, h, w] int32 */
  readonly tokens: tf.Tensor3D;
  /** mean ‖sg(z) − e‖²: moves the codes towards the encoder. */
  readonly codebook: tf.Scalar;
  /** mean ‖z − sg(e)‖²: holds the encoder at its codes; the caller weighs it by β. */
  readonly commitment: tf.Scalar;
}

/** Vector quantisation with a trained codebook (van den Oord et al. 2017, eq. 3): z [B, h, w, D], codebook [V, D]. */
export function quantize(z: tf.Tensor4D, codebook: tf.Tensor2D): Quantized {
  const tokens = nearestCode(z, codebook);
  const nearest = lookUp(codebook, tokens);
  return {
    quantized: straightThrough(z, nearest),
    tokens,
    codebook: tf.mean(tf.square(tf.sub(stopGradient(z), nearest))),
    commitment: tf.mean(tf.square(tf.sub(z, stopGradient(nearest)))),
  };
}
