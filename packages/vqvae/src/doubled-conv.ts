import { conv2d, pad2d, resize } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { depthToSpace } from './shuffle.js';

/** Nearest ×2: [B, H, W, C] → [B, 2H, 2W, C] */
export const doubleSize = (x: tf.Tensor4D): tf.Tensor4D =>
  resize(x, [2 * x.shape[1], 2 * x.shape[2]], { mode: 'nearest' });

/** Below so many positions, making the four kernels costs more than it saves. */
const fewPositions = 1024;

/**
 * How the three taps along an axis fall on the two inputs that an output sees in the map before doubling, as rows of
 * (input, phase): an output at an odd place (phase 0) sees its own input through taps 0 and 1 and the next through tap 2.
 */
const folding = [
  [1, 1, 0],
  [1, 0, 0],
  [0, 0, 1],
  [0, 1, 1],
];

/** A 3 × 3 kernel on the doubled map as a 2 × 2 kernel of four phases: [3, 3, C, O] → [2, 2, C, 4 · O]. */
function phaseKernel(w: tf.Tensor4D): tf.Tensor4D {
  const [, , C, O] = w.shape;
  const fold = tf.tensor2d(folding);
  const rows = tf.reshape(tf.matMul(fold, tf.reshape(w, [3, 3 * C * O]) as tf.Tensor2D), [4, 3, C * O]);
  const byColumn = tf.reshape(tf.transpose(rows, [1, 0, 2]), [3, 4 * C * O]) as tf.Tensor2D;
  const both = tf.reshape(tf.matMul(fold, byColumn), [2, 2, 2, 2, C, O]); // column: input, phase; row: input, phase; …
  return tf.reshape(tf.transpose(both, [2, 0, 4, 3, 1, 5]), [2, 2, C, 4 * O]);
}

/**
 * conv2d(doubleSize(x), w, bias) for a 3 × 3 kernel, with 4/9 of its products: every output sees only 2 × 2 different inputs,
 * so the taps that meet the same one are added up first. [B, H, W, C] → [B, 2H, 2W, O], equal but for rounding.
 */
export function doubledConv2d(x: tf.Tensor4D, w: tf.Tensor4D, bias: tf.Tensor1D): tf.Tensor4D {
  const [B, H, W] = x.shape;
  const O = w.shape[3];
  if (B * H * W < fewPositions) return tf.tidy(() => conv2d(doubleSize(x), w, bias));
  return tf.tidy(() => {
    const phases = conv2d(pad2d(x, [1, 1, 1, 1]), phaseKernel(w), tf.tile(bias, [4]), { padding: 0 }); // [B, H+1, W+1, 4·O]
    return tf.slice(depthToSpace(phases, 2), [0, 1, 1, 0], [B, 2 * H, 2 * W, O]);
  });
}
