import { resize, ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { InferenceConfig } from './config.js';
import type { Forward, Runtime } from './forward.js';
import { inputSize, toInputSize } from './scale.js';
import { type SlideOptions, slide, windowStarts } from './slide.js';

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

/** How many windows `runForward` computes for an image of a size: 1 where it is taken whole. */
export function countWindows(size: readonly [number, number], inference: InferenceConfig): number {
  if (inference.mode === 'whole') return 1;
  const [height, width] = inputSize(size, inference);
  const { crop, stride } = inference;
  return windowStarts(height, crop[0], stride[0]).length * windowStarts(width, crop[1], stride[1]).length;
}

/**
 * Whether scores are class logits, whose softmax are probabilities: those of the twin, of a learned inverse and of marginal decoding. The others are
 * squared colour distances to the palette or to one-hot codes, or least squares.
 */
export const scoresAreLogits = ({ config }: Pick<Runtime, 'config'>): boolean =>
  config.kind === 'discriminative' || (config.ftw ?? config.ft) !== undefined || config.decoding === 'marginal';

/** τ of soft class scores from squared colour distances, colours in [0, 1]. */
export const colourTemperature = 0.05;

/** What the reference averages over windows and passes: class logits as they are, nearest colours as one-hot maps. */
export function referenceMaps(runtime: Pick<Runtime, 'config'>): (scores: tf.Tensor4D) => tf.Tensor4D {
  if (scoresAreLogits(runtime)) return (scores) => tf.clone(scores);
  const K = runtime.config.palette.length;
  return (scores) =>
    tf.tidy(() => tf.cast(tf.oneHot(tf.cast(tf.argMax(scores, 3), 'int32'), K), 'float32') as tf.Tensor4D);
}

export interface RunOptions {
  /** Makes of a window's scores what is averaged. Default: the reference's for windows, nothing for whole images. */
  readonly classMaps?: ((scores: tf.Tensor4D) => tf.Tensor4D) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after every window, or once for a whole image. */
  readonly onWindow?: (() => void) | undefined;
}

/**
 * `run` on a whole image (which it brings to `inference.scale` itself, as `forward` does), or on windows of the scaled image whose results
 * are averaged. Each window runs once. The tokens of windows do not join; they are [B, 0, 0].
 */
export async function runForward(
  image: tf.Tensor4D,
  run: (image: tf.Tensor4D) => Forward,
  runtime: Runtime,
  inference: InferenceConfig,
  { signal, onWindow, classMaps }: RunOptions = {},
): Promise<Forward> {
  signal?.throwIfAborted();
  if (inference.mode === 'whole') {
    const result = tf.tidy(() => {
      const result = run(image);
      return classMaps ? { ...result, scores: classMaps(result.scores) } : result;
    });
    onWindow?.();
    return result;
  }
  const K = runtime.config.palette.length;
  const maps = classMaps ?? referenceMaps(runtime);
  const beside = (window: tf.Tensor4D) => {
    const { scores, maskige, confidence } = run(window);
    const [, h, w] = window.shape;
    return tf.concat([maps(scores), maskige, resize(tf.expandDims(confidence, 3), [h, w])], 3) as tf.Tensor4D;
  };
  const { crop, stride } = inference;
  const scaled = toInputSize(image, inference);
  const joined = await slide(scaled, beside, { crop, stride, signal, ...(onWindow ? { onWindow } : {}) }).finally(() =>
    scaled.dispose(),
  );
  const result = tf.tidy(() => {
    const [, H, W] = image.shape;
    const [scores, maskige, confidence] = tf.split(resize(joined, [H, W]), [K, 3, 1], 3) as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    return {
      scores,
      maskige,
      confidence: tf.squeeze(confidence, [3]) as tf.Tensor3D,
      tokens: tf.zeros([image.shape[0], 0, 0], 'int32') as tf.Tensor3D,
    };
  });
  joined.dispose();
  return result;
}
