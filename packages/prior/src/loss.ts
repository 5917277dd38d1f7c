import { resize } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from './cross-entropy.js';
import type { PriorConfig, PriorOutput } from './prior.js';
import { fillUnlabelled, tokenTargets, unlabelled } from './targets.js';
import type { CrossEntropy } from './weighted-cross-entropy.js';

export interface PriorTargets {
  /** Labels at the size the tokenizer reads, [B, c·h, c·w] int32 with c pixels a token and 255 for unlabelled (`resizeLabels`). */
  readonly labels: tf.Tensor3D;
  /** Labels (int32, 255 filled) → tokens [B, h, w]: 𝒳, then the tokenizer's encoder. */
  readonly encode: (labels: tf.Tensor3D) => tf.Tensor3D;
}

export interface PriorLossOptions {
  /** Weight of the token term; default 0.8. */
  readonly tokenWeight?: number;
  /** Weight of the auxiliary pixel term; default 0.2. */
  readonly pixelWeight?: number;
  /**
   * Size at which the auxiliary head is compared with the labels: the labels' (default, as the reference), or that of
   * its own map, which costs a 64th on an 8-fold tokenizer and is what the small presets use.
   */
  readonly pixelSize?: 'labels' | 'map';
  /** What is taken in place of `crossEntropy`: `smoothedCrossEntropy` for tokens, `weightedCrossEntropy` for pixels. */
  readonly tokenLoss?: CrossEntropy | undefined;
  readonly pixelLoss?: CrossEntropy | undefined;
}

export interface PriorLoss {
  /** What training minimises. */
  readonly total: tf.Scalar;
  /** Weighted cross entropy of the tokens. */
  readonly token: tf.Scalar;
  /** Weighted cross entropy of the pixels; 0 without an auxiliary head. */
  readonly pixel: tf.Scalar;
  /** Token targets, [B, h, w] int32; `vocabulary` where ignored. */
  readonly tokens: tf.Tensor3D;
}

/** Labels at the top left of every cell: [B, H, W] → [B, h, w]. */
function subsample(labels: tf.Tensor3D, h: number, w: number): tf.Tensor3D {
  const [B, H, W] = labels.shape;
  const cells = tf.reshape(labels, [B, h, H / h, w, W / w]);
  const at = [Math.floor(H / h / 2), Math.floor(W / w / 2)] as const;
  return tf.reshape(tf.slice(cells, [0, 0, at[0], 0, at[1]], [B, h, 1, w, 1]), [B, h, w]);
}

/**
 * 0.8 · CE(p(z|x), z) + 0.2 · CE(p(c̄|x), c) (§3.4, Eq. (7)), with tokens z of the mask whose unlabelled pixels the
 * auxiliary head fills. Neither the filling nor the encoding is differentiated.
 */
export function priorLoss(
  { tokenLogits, pixelLogits }: PriorOutput,
  { labels, encode }: PriorTargets,
  { classes, vocabulary }: Pick<PriorConfig, 'classes' | 'vocabulary'>,
  {
    tokenWeight = 0.8,
    pixelWeight = 0.2,
    pixelSize = 'labels',
    tokenLoss = crossEntropy,
    pixelLoss = crossEntropy,
  }: PriorLossOptions = {},
): PriorLoss {
  const [, H, W] = labels.shape;
  return tf.tidy(() => {
    const onMap = pixelSize === 'map';
    const compared = pixelLogits && (onMap ? pixelLogits : resize(pixelLogits, [H, W]));
    const tokens = tokenTargets(labels, fillUnlabelled(labels, compared, classes), vocabulary, encode);
    const token = tf.mul(tokenLoss(tokenLogits, tokens, vocabulary), tokenWeight) as tf.Scalar;
    const pixel = compared
      ? (tf.mul(
          pixelLoss(compared, onMap ? subsample(labels, compared.shape[1], compared.shape[2]) : labels, unlabelled),
          pixelWeight,
        ) as tf.Scalar)
      : tf.scalar(0);
    return { total: tf.add(token, pixel) as tf.Scalar, token, pixel, tokens };
  });
}
