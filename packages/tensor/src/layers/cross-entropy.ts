import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { fusedCrossEntropy, hasFused } from '../kernels/fused.js';

/** The composition of what the fused kernel does in one pass: rows [N, K] and targets [N] → losses [N]. */
function composed(rows: tf.Tensor2D, targets: tf.Tensor1D, ignore: number): tf.Tensor1D {
  const K = rows.shape[1];
  const op = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    const counted = tf.cast(tf.notEqual(targets, ignore), 'float32');
    // `ignore` may lie outside 0 … K − 1: its one-hot row is then zero, and `counted` clears the rest of it.
    const hot = tf.cast(tf.oneHot(targets, K), 'float32');
    const shifted = tf.sub(x, tf.max(x, 1, true));
    const logProbabilities = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
    save([logProbabilities, hot, counted]);
    const value = tf.neg(tf.mul(tf.sum(tf.mul(logProbabilities, hot), 1), counted));
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [logProbabilities, hot, counted] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const weight = tf.reshape(tf.mul(dy, counted), [-1, 1]);
      return tf.mul(tf.sub(tf.exp(logProbabilities), hot), weight);
    };
    return { value, gradFunc };
  });
  return op(rows) as tf.Tensor1D;
}

/**
 * −ln softmax(x)[target] of each row: logits [..., K] and int32 targets [...] → losses [N], N the product of the leading
 * axes. 0 without gradient where the target is `ignore`, which may lie outside 0 … K − 1; its gradient is softmax − one-hot.
 */
export function crossEntropyRows(logits: tf.Tensor, targets: tf.Tensor, ignore: number): tf.Tensor1D {
  const K = logits.shape[logits.rank - 1]!;
  const N = logits.size / K;
  if (targets.size !== N) {
    throw new ShapeError('crossEntropyRows', `${N} targets for logits [${logits.shape.join(', ')}]`, targets.shape);
  }
  return tf.tidy(() => {
    const flat = tf.cast(tf.reshape(targets, [N]), 'int32') as tf.Tensor1D;
    if (hasFused('GssCrossEntropy')) return fusedCrossEntropy(logits, flat, ignore);
    return composed(tf.reshape(logits, [N, K]), flat, ignore);
  });
}
