import { resize, ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type SlideOptions, slide } from './slide.js';

export type FlipDirection = 'horizontal' | 'vertical';

/** What happened to a picture before it became the network's input. */
export interface Preparation {
  /** Height and width before padding at the right and bottom. */
  readonly unpadded: readonly [height: number, width: number];
  /** Height and width before resizing. */
  readonly original: readonly [height: number, width: number];
}

export interface InferenceOptions {
  /** Windows, or without it the whole image at once. */
  readonly slide?: SlideOptions;
  /** Brings the scores back to the size of the original picture; without it they keep the input's, padding included. */
  readonly rescale?: Preparation;
  /** The input was flipped so: the probabilities are flipped back. */
  readonly flip?: FlipDirection;
}

/** Cuts the padding off and resizes (bilinear, half-pixel centres): [B, H, W, K] → [B, h, w, K] of the original size. */
export function restoreSize(scores: tf.Tensor4D, { unpadded: [h, w], original }: Preparation): tf.Tensor4D {
  const [B, H, W, K] = scores.shape;
  if (h > H || w > W)
    throw new ShapeError('restoreSize', `scores of at least ${h}×${w}, the size before padding`, scores.shape);
  return tf.tidy(() => resize(tf.slice(scores, [0, 0, 0, 0], [B, h, w, K]), [original[0], original[1]]));
}

/** Mirrors a map [B, H, W, K] left–right or top–bottom. */
export const flipMap = (map: tf.Tensor4D, direction: FlipDirection): tf.Tensor4D =>
  tf.reverse(map, direction === 'horizontal' ? 2 : 1);

/** Class scores of the whole image, or joined from windows, in the size that `rescale` asks for: → [B, h, w, K]. */
export async function inferLogits(
  image: tf.Tensor4D,
  run: (image: tf.Tensor4D) => tf.Tensor4D,
  { slide: windows, rescale }: Omit<InferenceOptions, 'flip'> = {},
): Promise<tf.Tensor4D> {
  const scores = windows ? await slide(image, run, windows) : tf.tidy(() => run(image));
  if (!rescale) return scores;
  try {
    return restoreSize(scores, rescale);
  } finally {
    scores.dispose();
  }
}

/**
 * mmsegmentation's EncoderDecoder.inference: class probabilities [B, h, w, K] of the picture as it was before padding,
 * resizing and flipping. The softmax is taken after resizing, as there. Their arg max is the prediction.
 */
export async function inferProbabilities(
  image: tf.Tensor4D,
  run: (image: tf.Tensor4D) => tf.Tensor4D,
  options: InferenceOptions = {},
): Promise<tf.Tensor4D> {
  const logits = await inferLogits(image, run, options);
  const probabilities = tf.tidy(() => {
    const upright = tf.softmax(logits);
    return options.flip ? flipMap(upright, options.flip) : upright;
  });
  logits.dispose();
  return probabilities;
}
