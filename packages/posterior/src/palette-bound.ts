import { ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface PaletteBoundInput {
  /** C: one-hot classes of N pixels, [N, K]; a row of zeros is not counted. */
  readonly classes: tf.Tensor2D;
  /** β, [K, 3]. */
  readonly beta: tf.Tensor2D;
  /** γ, [3, K]: a constant of the step. */
  readonly gamma: tf.Tensor2D;
  /** X̂: what the tokenizer made of Cβ, [N, 3]. */
  readonly reconstruction: tf.Tensor2D;
}

export interface PaletteBound {
  readonly loss: tf.Scalar;
  /** ‖X̂ − Cβ‖‖γ‖ / √N */
  readonly reconstruction: tf.Scalar;
  /** ‖Cβγ − C‖ / √N */
  readonly inversion: tf.Scalar;
}

/** Keeps the gradient of a norm finite at zero. */
const tiny = 1e-12;

/**
 * What GSS-TF minimises over β at a fixed γ (appendix A, the cascade after Eq. (15)), a pixel:
 * (‖X̂ − Cβ‖‖γ‖ + ‖Cβγ − C‖)² / N with Frobenius norms.
 *
 * At γ = (βᵀβ)⁻¹βᵀ the gradient of the second norm is zero: (βγ − 1)γᵀ = 0 for the least-squares γ. What moves β is the first,
 * through Cβ and through the tokenizer to X̂.
 */
export function paletteBound({ classes, beta, gamma, reconstruction }: PaletteBoundInput): PaletteBound {
  const [N, K] = classes.shape;
  if (beta.shape.join() !== `${K},3`) throw new ShapeError('paletteBound', `beta [${K}, 3]`, beta.shape);
  if (gamma.shape.join() !== `3,${K}`) throw new ShapeError('paletteBound', `gamma [3, ${K}]`, gamma.shape);
  if (reconstruction.shape.join() !== `${N},3`)
    throw new ShapeError('paletteBound', `reconstruction [${N}, 3]`, reconstruction.shape);
  return tf.tidy(() => {
    const counts = tf.sum(classes, 0); // [K]
    const pixels = tf.maximum(tf.sum(counts), 1);
    const counted = tf.sum(classes, 1, true); // [N, 1]
    const off = tf.mul(tf.sub(reconstruction, tf.matMul(classes, beta)), counted);
    const norm = (squares: tf.Tensor) => tf.sqrt(tf.add(tf.div(tf.sum(squares), pixels), tiny)) as tf.Scalar;
    const length = tf.sqrt(tf.sum(tf.square(gamma)));
    const first = tf.mul(norm(tf.square(off)), length) as tf.Scalar;
    // ‖C(βγ − 1)‖² = Σ_k n_k ‖(βγ − 1)_k‖²: no [N, K] map.
    const rows = tf.sum(tf.square(tf.sub(tf.matMul(beta, gamma), tf.eye(K))), 1);
    const second = norm(tf.mul(rows, counts));
    return { loss: tf.square(tf.add(first, second)) as tf.Scalar, reconstruction: first, inversion: second };
  });
}
