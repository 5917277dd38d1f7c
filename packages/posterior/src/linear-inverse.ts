import { betaOf, leastSquares } from '@gss/maskige/soft';
import { ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * γ = (βᵀβ)⁻¹βᵀ (Eq. (15)), computed in float64: colours of K classes, one row of three numbers each → [3, K].
 *
 * @throws RangeError where the colours lie in a plane through black: γ is then not unique.
 */
export function leastSquaresInverse(beta: readonly (readonly number[])[]): tf.Tensor2D {
  const { data, rows, columns } = leastSquares(betaOf(beta));
  return tf.tensor2d(Float32Array.from(data), [rows, columns]);
}

/** ĉ = x̂γ (§3.3): maskige [B, H, W, 3] in the scale of β → class scores [B, H, W, K]. */
export function linearInverse(maskige: tf.Tensor4D, gamma: tf.Tensor2D): tf.Tensor4D {
  const [B, H, W, C] = maskige.shape;
  const [rows, K] = gamma.shape;
  if (rows !== C) throw new ShapeError('linearInverse', `gamma [${C}, K]`, gamma.shape);
  return tf.tidy(() => tf.reshape(tf.matMul(tf.reshape(maskige, [-1, C]) as tf.Tensor2D, gamma), [B, H, W, K]));
}
