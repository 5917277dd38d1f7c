import { ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Each f × f square of pixels becomes the channels of one: [B, H, W, C] → [B, H/f, W/f, f²·C]. Reshape and transpose,
 * because the kernels SpaceToDepth and DepthToSpace have no gradient in tfjs.
 */
export function spaceToDepth(x: tf.Tensor4D, f: number): tf.Tensor4D {
  const [B, H, W, C] = x.shape;
  if (H % f || W % f) throw new ShapeError('spaceToDepth', `height and width in multiples of ${f}`, x.shape);
  return tf.tidy(() => {
    const rows = tf.reshape(x, [B * (H / f), f, W / f, f * C]); // rows of a square, its columns still side by side
    return tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), [B, H / f, W / f, f * f * C]);
  });
}

/** The inverse of `spaceToDepth`: [B, h, w, f²·C] → [B, h·f, w·f, C]. */
export function depthToSpace(x: tf.Tensor4D, f: number): tf.Tensor4D {
  const [B, h, w, D] = x.shape;
  if (D % (f * f)) throw new ShapeError('depthToSpace', `channels in multiples of ${f * f}`, x.shape);
  const C = D / (f * f);
  return tf.tidy(() => {
    const squares = tf.reshape(x, [B * h, w, f, f * C]);
    return tf.reshape(tf.transpose(squares, [0, 2, 1, 3]), [B, h * f, w * f, C]);
  });
}
