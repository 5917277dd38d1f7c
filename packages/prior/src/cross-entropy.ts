import * as tf from '@tensorflow/tfjs-core';

/** Keeps a mean over nothing finite, as in mmsegmentation; too small to change a mean over one position or more. */
const epsilon = 2 ** -23;

/**
 * Mean cross entropy over the positions that are not ignored: logits [..., K] and int32 targets [...] → scalar, 0 when
 * all are ignored. Its gradient, softmax − one-hot, is given in closed form.
 */
export function crossEntropy(logits: tf.Tensor, targets: tf.Tensor, ignore: number): tf.Scalar {
  const K = logits.shape[logits.rank - 1]!;
  const N = logits.size / K;
  if (targets.size !== N) {
    throw new RangeError(
      `crossEntropy: expected ${N} targets for logits [${logits.shape.join(', ')}], got ${targets.size}.`,
    );
  }
  const op = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    const flat = tf.reshape(targets, [N]);
    const counted = tf.cast(tf.notEqual(flat, ignore), 'float32');
    // An ignored index may lie outside 0 … K − 1; its one-hot row is then zero, and its share of the mean 0.
    const hot = tf.cast(tf.oneHot(tf.cast(flat, 'int32') as tf.Tensor1D, K), 'float32') as tf.Tensor2D;
    const shifted = tf.sub(x, tf.max(x, 1, true));
    const logProbabilities = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
    const picked = tf.sum(tf.mul(logProbabilities, hot), 1);
    const shares = tf.div(counted, tf.add(tf.sum(counted), epsilon));
    save([logProbabilities, hot, shares]);
    const value = tf.neg(tf.sum(tf.mul(picked, shares)));
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [logProbabilities, hot, shares] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const difference = tf.sub(tf.exp(logProbabilities), hot);
      return tf.mul(difference, tf.mul(tf.reshape(shares, [N, 1]), dy));
    };
    return { value, gradFunc };
  });
  return tf.tidy(() => op(tf.reshape(logits, [N, K])) as tf.Scalar);
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
