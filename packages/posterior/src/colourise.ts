import { ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * 𝒳 with a trainable palette: x = cβ (§3.3). One-hot or soft classes c [..., K] and colours β [K, 3] → maskige [..., 3] in
 * the scale of β. Differentiable in both; the palette codec of @gss/maskige is the fast form for fixed bytes.
 */
export function colourise(classes: tf.Tensor, beta: tf.Tensor2D): tf.Tensor {
  const K = beta.shape[0];
  if (beta.shape[1] !== 3) throw new ShapeError('colourise', 'beta [K, 3]', beta.shape);
  if (classes.shape.at(-1) !== K) throw new ShapeError('colourise', `classes [..., ${K}]`, classes.shape);
  return tf.tidy(() => {
    const rows = tf.reshape(classes, [-1, K]) as tf.Tensor2D;
    return tf.reshape(tf.matMul(rows, beta), [...classes.shape.slice(0, -1), 3]);
  });
}
