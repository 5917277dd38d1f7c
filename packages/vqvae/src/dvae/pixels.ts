import * as tf from '@tensorflow/tfjs-core';

const epsilon = 0.1;

/** φ(x) = (1 − 2ε) x + ε with ε = 0.1: images in [0, 1] → [0.1, 0.9], where the logit is finite. */
export const mapPixels = (x: tf.Tensor4D): tf.Tensor4D => tf.tidy(() => tf.add(tf.mul(x, 1 - 2 * epsilon), epsilon));

/** φ⁻¹, cut to [0, 1]. */
export const unmapPixels = (x: tf.Tensor4D): tf.Tensor4D =>
  tf.tidy(() => tf.clipByValue(tf.div(tf.sub(x, epsilon), 1 - 2 * epsilon) as tf.Tensor4D, 0, 1));

/** The decoder's best image: decoder output, [B, H, W, 2C] → φ⁻¹(σ(first C channels)), [B, H, W, C] in [0, 1]. */
export function dvaeImage(decoded: tf.Tensor4D): tf.Tensor4D {
  const [B, H, W, twice] = decoded.shape;
  return tf.tidy(() => unmapPixels(tf.sigmoid(tf.slice(decoded, [0, 0, 0, 0], [B, H, W, twice / 2]))));
}
