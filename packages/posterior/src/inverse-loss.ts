import { crossEntropyRows, resize, ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Keeps a mean over no pixel at all finite; too small to change a mean over one or more. */
const epsilon = 2 ** -23;

/**
 * Cross entropy of 𝒳⁻¹(x̂) and c (Eq. (6), (21)): class logits [B, h, w, K], resized to the labels [B, H, W] int32 (bilinear, as
 * the reference) → mean over the labelled pixels; 0 where all are `ignore`.
 */
export function inverseLoss(logits: tf.Tensor4D, labels: tf.Tensor3D, ignore = 255): tf.Scalar {
  const [B, H, W] = labels.shape;
  if (logits.shape[0] !== B) throw new ShapeError('inverseLoss', `logits [${B}, h, w, K]`, logits.shape);
  return tf.tidy(() => {
    const sized = logits.shape[1] === H && logits.shape[2] === W ? logits : resize(logits, [H, W]);
    const counted = tf.sum(tf.cast(tf.notEqual(labels, ignore), 'float32'));
    return tf.div(tf.sum(crossEntropyRows(sized, labels, ignore)), tf.add(counted, epsilon)) as tf.Scalar;
  });
}
