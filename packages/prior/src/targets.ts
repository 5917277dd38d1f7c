import { ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Label of pixels nobody annotated. */
export const unlabelled = 255;

/** Runs `fn` without recording it for gradients: nothing of it stays in memory but its result. */
export function offTape<T extends tf.Tensor>(fn: () => T): T {
  const op = tf.customGrad(() => ({ value: fn(), gradFunc: () => [] }));
  return op() as T;
}

/** Classes [B, h, w], each repeated to fill its cell of `like`, [B, H, W]. */
function repeat(classes: tf.Tensor3D, like: tf.Tensor3D): tf.Tensor3D {
  const [B, h, w] = classes.shape;
  const [, H, W] = like.shape;
  if (H % h || W % w) throw new ShapeError('fillUnlabelled', `labels in multiples of ${h} × ${w}`, like.shape);
  const coarse = tf.cast(classes, 'int32');
  if (h === H && w === W) return coarse;
  return tf.reshape(tf.tile(tf.reshape(coarse, [B, h, 1, w, 1]), [1, 1, H / h, 1, W / w]), [B, H, W]);
}

/**
 * c̃ = Mᵤ · c̄ + (1 − Mᵤ) · c (§3.4): unlabelled pixels take the auxiliary head's arg max. Labels [B, H, W] int32 and
 * pixel logits [B, h, w, K] → [B, H, W] int32 in [0, K), H and W multiples of h and w: a coarser guess is repeated. Without
 * logits they take K, the unlabelled colour.
 */
export function fillUnlabelled(
  labels: tf.Tensor3D,
  pixelLogits: tf.Tensor4D | undefined,
  classes: number,
): tf.Tensor3D {
  return offTape(() => {
    const missing = tf.equal(labels, unlabelled);
    const guess = pixelLogits
      ? repeat(tf.argMax(pixelLogits, 3) as tf.Tensor3D, labels)
      : tf.fill(labels.shape, classes, 'int32');
    return tf.where(missing, guess, labels) as tf.Tensor3D;
  });
}

/**
 * Which tokens count, [B, h, w] of 0 and 1: those with at least one labelled pixel in their cell. Labels are [B, H, W],
 * H and W multiples of h and w.
 */
export function labelledCells(labels: tf.Tensor3D, [h, w]: readonly [number, number]): tf.Tensor3D {
  const [B, H, W] = labels.shape;
  if (H % h || W % w) throw new ShapeError('labelledCells', `labels in multiples of ${h} × ${w}`, labels.shape);
  return tf.tidy(() => {
    const labelled = tf.cast(tf.notEqual(labels, unlabelled), 'float32');
    return tf.max(tf.reshape(labelled, [B, h, H / h, w, W / w]), [2, 4]) as tf.Tensor3D;
  });
}

/**
 * Token targets z of an image whose unlabelled pixels are filled: `encode` turns labels [B, H, W] (int32, in [0, K) or K)
 * into tokens [B, h, w] — colouring by 𝒳 and the tokenizer's Ê. Cells without any labelled pixel get `vocabulary`, which
 * the loss ignores.
 */
export function tokenTargets(
  labels: tf.Tensor3D,
  filled: tf.Tensor3D,
  vocabulary: number,
  encode: (labels: tf.Tensor3D) => tf.Tensor3D,
): tf.Tensor3D {
  return offTape(() => {
    const tokens = tf.cast(encode(filled), 'int32');
    const counted = labelledCells(labels, [tokens.shape[1], tokens.shape[2]]);
    return tf.where(tf.greater(counted, 0), tokens, tf.fill(tokens.shape, vocabulary, 'int32')) as tf.Tensor3D;
  });
}
