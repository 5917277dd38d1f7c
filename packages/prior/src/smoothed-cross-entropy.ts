import { ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from './cross-entropy.js';
import { offTape } from './targets.js';
import type { CrossEntropy } from './weighted-cross-entropy.js';

export interface TokenSmoothingOptions {
  /** w: share of the target that is spread over codes by their distance, in [0, 1]. 0 is plain cross entropy. */
  readonly weight: number;
  /** T: codes whose squared distance is T weigh 1/e of the code itself. */
  readonly temperature: number;
}

/** Codes up to which the whole matrix of targets is kept, [V + 1, V]: 16 MB at the limit. Above it rows are made as they are needed. */
const matrixLimit = 2048;

/** softmax_j(−‖e_t − e_j‖² / T) for each token t: codes [V, D], tokens [N] → [N, V]. */
function nearnessRows(codes: tf.Tensor2D, tokens: tf.Tensor1D, temperature: number): tf.Tensor2D {
  return tf.tidy(() => {
    const own = tf.gather(codes, tokens);
    // ‖e_t‖² is the same for all j: softmax does not see it.
    const nearness = tf.sub(tf.mul(tf.matMul(own, codes, false, true), 2), tf.sum(tf.square(codes), 1));
    return tf.softmax(tf.div(nearness, temperature)) as tf.Tensor2D;
  });
}

/** Cross entropy against targets that share some of a token with the codes near it; `dispose` frees the table of targets. */
export interface SmoothedCrossEntropy {
  readonly loss: CrossEntropy;
  /** Mean share of the target that stays with the token itself: 1 without smoothing. */
  readonly kept: () => number;
  dispose(): void;
}

/**
 * Label smoothing by the distance of codes: the target of token t is (1 − w) · one-hot(t) + w · softmax_j(−‖e_t − e_j‖² / T) with
 * the code vectors e, [V, D], which stay the caller's. Mixing up codes that decode alike then costs little.
 * @throws RangeError for a weight outside [0, 1] or a temperature that is not positive
 */
export function smoothedCrossEntropy(
  codes: tf.Tensor2D,
  { weight, temperature }: TokenSmoothingOptions,
): SmoothedCrossEntropy {
  if (!(weight >= 0 && weight <= 1)) throw new RangeError(`smoothedCrossEntropy: weight ${weight} is not in [0, 1].`);
  if (!(temperature > 0)) throw new RangeError(`smoothedCrossEntropy: temperature ${temperature} is not above 0.`);
  const V = codes.shape[0];
  const rowsOf = (tokens: tf.Tensor1D) => nearnessRows(codes, tokens, temperature);
  const whole = () => tf.tidy(() => rowsOf(tf.range(0, V, 1, 'int32')));
  // The rows w · (one-hot(t) − softmax), with one of zeros at the end for ignored positions.
  const table =
    V <= matrixLimit
      ? tf.tidy(() => {
          const spread = tf.sub(tf.eye(V), whole());
          return tf.keep(tf.concat([tf.mul(spread, weight), tf.zeros([1, V])]) as tf.Tensor2D);
        })
      : undefined;
  const differences = (tokens: tf.Tensor1D, counted: tf.Tensor1D): tf.Tensor => {
    // An int32 scalar: the native backend's Select takes no mixture of types.
    if (table) return tf.gather(table, tf.where<tf.Tensor>(counted, tokens, tf.scalar(V, 'int32')) as tf.Tensor1D);
    const known = tf.mul(tokens, tf.cast(counted, 'int32')) as tf.Tensor1D;
    const spread = tf.sub(tf.oneHot(known, V), rowsOf(known));
    return tf.mul(spread, tf.mul(tf.reshape(tf.cast(counted, 'float32'), [-1, 1]), weight));
  };
  const loss: CrossEntropy = (logits, targets, ignore) => {
    if (logits.shape.at(-1) !== V) throw new ShapeError('smoothedCrossEntropy', `[..., ${V}]`, logits.shape);
    return tf.tidy(() => {
      // −Σ q ln p = ce(one-hot) + Σ_j (one-hot − q)_j · logit_j, since both targets sum to 1.
      const hot = crossEntropy(logits, targets, ignore);
      const flat = tf.cast(tf.reshape(targets, [-1]), 'int32') as tf.Tensor1D;
      const counted = tf.notEqual(flat, ignore) as tf.Tensor1D;
      const moved = tf.mul(
        offTape(() => differences(flat, counted)),
        tf.reshape(logits, [-1, V]),
      );
      const count = tf.add(tf.sum(tf.cast(counted, 'float32')), 2 ** -23);
      return tf.add(hot, tf.div(tf.sum(moved), count)) as tf.Scalar;
    });
  };
  const kept = () =>
    tf.tidy(() => {
      const some = tf.range(0, V, Math.ceil(V / matrixLimit), 'int32') as tf.Tensor1D;
      const own = tf.sum(tf.mul(rowsOf(some), tf.oneHot(some, V)), 1);
      return 1 - weight + weight * tf.mean(own).dataSync()[0]!;
    });
  return { loss, kept, dispose: () => table?.dispose() };
}
