import * as tf from '@tensorflow/tfjs-core';

/**
 * ln Σ eˣ over the last axis: [..., K] → [...]. Its gradient, softmax(x), comes from what the forward pass holds anyway;
 * that of `tf.logSumExp` goes through the maximum, by a comparison that takes half of a training step on wasm.
 */
export function logSumExp(x: tf.Tensor): tf.Tensor {
  const last = x.rank - 1;
  const op = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    const largest = tf.max(x, last, true);
    const powers = tf.exp(tf.sub(x, largest));
    const sums = tf.sum(powers, last, true);
    save([powers, sums]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [powers, sums] = saved as [tf.Tensor, tf.Tensor];
      return tf.mul(powers, tf.div(tf.reshape(dy, sums.shape), sums));
    };
    return { value: tf.squeeze(tf.add(largest, tf.log(sums)), [last]), gradFunc };
  });
  return op(x);
}
