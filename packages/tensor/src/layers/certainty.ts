import * as tf from '@tensorflow/tfjs-core';
import { fusedCertainty, hasFused } from '../kernels/fused.js';

/**
 * 1 − normalised entropy of logits over the last axis: [..., V] → [...] in [0, 1]. With d = logits − max, e = exp d and Z = Σ e,
 * Σ p ln p = Σ e·d / Z − ln Z: one exponential a logit, where softmax and log-softmax take two.
 */
export function certainty<T extends tf.Tensor>(logits: tf.Tensor): T {
  if (hasFused('GssCertainty') && !tf.engine().isTapeOn()) return fusedCertainty(logits) as T;
  return tf.tidy(() => {
    const d = tf.sub(logits, tf.max(logits, -1, true));
    const e = tf.exp(d);
    const Z = tf.sum(e, -1);
    const negativeEntropy = tf.sub(tf.div(tf.sum(tf.mul(e, d), -1), Z), tf.log(Z));
    const V = logits.shape[logits.rank - 1]!;
    return tf.add(1, tf.div(negativeEntropy, Math.log(V))) as T;
  });
}
