import * as tf from '@tensorflow/tfjs-core';
import { fusedGelu, fusedRelu, hasFused } from '../kernels/fused.js';
import type { Training } from '../training.js';

/** max(x, 0). */
export function relu<T extends tf.Tensor>(x: T): T {
  return hasFused('GssReluGrad') ? fusedRelu(x) : (tf.relu(x) as T);
}

/** GELU in its exact form, x · Φ(x) with Φ by erf (torch.nn.GELU's default), and its exact gradient Φ(x) + x · φ(x). */
export function gelu<T extends tf.Tensor>(x: T): T {
  if (hasFused('GssGelu')) return fusedGelu(x);
  const op = tf.customGrad((...args) => {
    const x = args[0] as unknown as tf.Tensor;
    const save = args[1] as unknown as tf.GradSaveFunc;
    const cdf = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
    save([x, cdf]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x, cdf] = saved as [tf.Tensor, tf.Tensor];
      const pdf = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return tf.mul(dy, tf.add(cdf, tf.mul(x, pdf)));
    };
    return { value: tf.mul(x, cdf), gradFunc };
  });
  return tf.tidy(() => op(x) as T);
}

/** SiLU (swish), x · σ(x). */
export function silu<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() => tf.mul(x, tf.sigmoid(x)) as T);
}

/**
 * Stochastic depth (mmcv's drop_path): whole samples of a residual branch are zeroed with probability `rate`, the others
 * divided by 1 − rate. [B, ...] → [B, ...]; the identity without `training`.
 */
export function dropPath<T extends tf.Tensor>(x: T, rate: number, training?: Training): T {
  if (!training || rate === 0) return x;
  const uniform = Float32Array.from({ length: x.shape[0]! }, () => training.rng.uniform());
  return dropPathWith(x, rate, uniform);
}

/** `dropPath` with its uniform numbers given, one a sample. */
export function dropPathWith<T extends tf.Tensor>(x: T, rate: number, uniform: ArrayLike<number>): T {
  const keep = 1 - rate;
  const factors = Float32Array.from(uniform, (u) => Math.floor(keep + u) / keep);
  return tf.tidy(() => tf.mul(x, tf.reshape(tf.tensor1d(factors), [-1, ...new Array(x.rank - 1).fill(1)])) as T);
}

/** torch.nn.Dropout2d on NHWC: whole channels of a sample are zeroed with probability `rate`; the identity without `training`. */
export function dropout2d(x: tf.Tensor4D, rate: number, training?: Training): tf.Tensor4D {
  if (!training || rate === 0) return x;
  const [B, , , C] = x.shape;
  const factors = Float32Array.from({ length: B * C }, () => (training.rng.uniform() < rate ? 0 : 1 / (1 - rate)));
  return tf.tidy(() => tf.mul(x, tf.tensor4d(factors, [B, 1, 1, C])));
}
