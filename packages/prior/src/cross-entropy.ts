import { crossEntropyRows } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Keeps a mean over nothing finite, as in mmsegmentation; too small to change a mean over one position or more. */
const epsilon = 2 ** -23;

/**
 * Mean cross entropy over the positions that are not ignored: logits [..., K] and int32 targets [...] → scalar, 0 when
 * all are ignored.
 */
export function crossEntropy(logits: tf.Tensor, targets: tf.Tensor, ignore: number): tf.Scalar {
  return tf.tidy(() => {
    const counted = tf.sum(tf.cast(tf.notEqual(targets, ignore), 'float32'));
    return tf.div(tf.sum(crossEntropyRows(logits, targets, ignore)), tf.add(counted, epsilon)) as tf.Scalar;
  });
}

/**
 * Share of positions whose arg max is the target, in percent, ignored ones left out: logits [..., K], targets [...] →
 * scalar. 100 when nothing is counted, as mmsegmentation's accuracy.
 */
export function accuracy(logits: tf.Tensor, targets: tf.Tensor, ignore: number): tf.Scalar {
  return tf.tidy(() => {
    const flat = tf.reshape(targets, [-1]);
    const counted = tf.notEqual(flat, ignore);
    const hits = tf.logicalAnd(tf.equal(tf.reshape(tf.argMax(logits, -1), [-1]), flat), counted);
    const total = tf.add(tf.sum(tf.cast(counted, 'float32')), epsilon);
    return tf.mul(tf.div(tf.add(tf.sum(tf.cast(hits, 'float32')), epsilon), total), 100) as tf.Scalar;
  });
}
