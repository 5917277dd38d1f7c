import { crossEntropyRows } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { crossEntropy } from './cross-entropy.js';
import { offTape } from './targets.js';

/** logits [..., K], int32 targets [...], the ignored target → scalar. */
export type CrossEntropy = typeof crossEntropy;

const epsilon = 2 ** -23;

/**
 * Cross entropy with a weight for each class, Σ w[t]·ce / Σ w[t] over the positions that count, as torch.nn.CrossEntropyLoss
 * has it. `weights`, [K], stay the caller's.
 */
export function weightedCrossEntropy(weights: tf.Tensor1D): CrossEntropy {
  const K = weights.shape[0];
  return (logits, targets, ignore) =>
    tf.tidy(() => {
      const each = offTape(() => {
        const flat = tf.cast(tf.reshape(targets, [-1]), 'int32');
        const counted = tf.notEqual(flat, ignore);
        // As floats: the wasm backend reads the bits of integers as if they were some.
        const classes = tf.cast(tf.clipByValue(tf.cast(flat, 'float32'), 0, K - 1), 'int32') as tf.Tensor1D;
        const found = tf.gather(weights, classes);
        return tf.mul(found, tf.cast(counted, 'float32'));
      });
      const losses = tf.mul(crossEntropyRows(logits, targets, ignore), each);
      return tf.div(tf.sum(losses), tf.add(tf.sum(each), epsilon)) as tf.Scalar;
    });
}

/**
 * Median frequency balancing (Eigen & Fergus 2015): w[c] = median(f) / f[c], with f[c] the share of class c among the pixels of
 * the images that show it. 0 for a class that none shows.
 */
export function medianFrequencyWeights(pixels: readonly number[], pixelsOfImages: readonly number[]): number[] {
  const shares = pixels.map((n, c) => (n > 0 ? n / pixelsOfImages[c]! : 0));
  const present = shares.filter((share) => share > 0).sort((a, b) => a - b);
  const middle = present.length >> 1;
  const median = present.length % 2 ? present[middle]! : ((present[middle - 1] ?? 0) + (present[middle] ?? 0)) / 2;
  return shares.map((share) => (share > 0 ? median / share : 0));
}
