import { resize } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { InferenceConfig } from './config.js';
import type { Forward, Runtime } from './forward.js';
import {
  colourTemperature,
  countWindows,
  type FlipDirection,
  flipMap,
  type RunOptions,
  referenceMaps,
  runForward,
  scoresAreLogits,
} from './inference.js';
import { inputSize } from './scale.js';

/** Test-time augmentation: every scale, upright and, with `flip`, mirrored too. */
export interface AugmentOptions {
  /** Sizes of the input as multiples of the image's, or of what `inference.scale` makes of it; default [1]. */
  readonly scales?: readonly number[];
  /** Mirrors too: true is horizontal. Default false. */
  readonly flip?: boolean | FlipDirection;
  /**
   * What is averaged where 𝒳⁻¹ is the nearest colour. `soft` (default): probabilities from the distances to the palette. `votes`: as the
   * reference, whose passes hand on their decisions, so that two passes that differ leave it to the class number. The logits of GSS-FT-W
   * and of twins become probabilities first, as in mmsegmentation, with either.
   */
  readonly average?: 'soft' | 'votes';
}

/** mmsegmentation's usual six scales with mirror images: twelve passes. */
export const fullAugmentation: AugmentOptions = { scales: [0.5, 0.75, 1, 1.25, 1.5, 1.75], flip: true };

interface Pass {
  readonly size: readonly [height: number, width: number];
  readonly flip: FlipDirection | undefined;
}

/** mmsegmentation's size of a rescaled image: sides cut to whole numbers, then the aspect ratio kept within them. */
export function rescaledSize([H, W]: readonly [number, number], scale: number): [number, number] {
  const [h, w] = [Math.floor(H * scale), Math.floor(W * scale)];
  const factor = Math.min(Math.max(h, w) / Math.max(H, W), Math.min(h, w) / Math.min(H, W));
  return [Math.max(1, Math.floor(H * factor + 0.5)), Math.max(1, Math.floor(W * factor + 0.5))];
}

/** The passes over an image, scale by scale. Throws RangeError for scales that are none. */
function passesOf(size: readonly [number, number], { scales = [1], flip = false }: AugmentOptions): Pass[] {
  const wrong = scales.find((scale) => !(scale > 0 && scale < Number.POSITIVE_INFINITY));
  if (scales.length === 0 || wrong !== undefined)
    throw new RangeError(
      `augment: expected scales above 0, got ${wrong ?? 'none'}. 1 is the image's own size; 0.75, 1, 1.25 are usual.`,
    );
  const direction = flip === true ? 'horizontal' : flip;
  const flips = direction ? [undefined, direction] : [undefined];
  return scales.flatMap((scale) => flips.map((flip) => ({ size: rescaledSize(size, scale), flip })));
}

/** Inference of an image that has the network's size already. */
export const atOwnSize = ({ scale: _, ...inference }: InferenceConfig): InferenceConfig => inference;

/** How many windows `inferAugmented` computes. */
export const countAugmented = (size: readonly [number, number], inference: InferenceConfig, augment: AugmentOptions) =>
  passesOf(inputSize(size, inference), augment).reduce(
    (sum, pass) => sum + countWindows(pass.size, atOwnSize(inference)),
    0,
  );

/**
 * mmsegmentation's aug_test: the mean over all passes of class probabilities [B, H, W, K], each brought back to the image's size and
 * turned back; so are maskige and confidence. Tokens of different passes do not join; they are [B, 0, 0].
 * @param image [B, H, W, 3] in 0..255; it is resized bilinearly, as floats
 */
export async function inferAugmented(
  image: tf.Tensor4D,
  run: (image: tf.Tensor4D) => Forward,
  runtime: Runtime,
  inference: InferenceConfig,
  augment: AugmentOptions,
  options: RunOptions = {},
): Promise<Forward> {
  const [, H, W] = image.shape;
  const passes = passesOf(inputSize([H, W], inference), augment);
  const soft = !scoresAreLogits(runtime) && augment.average !== 'votes';
  const classMaps = soft
    ? (scores: tf.Tensor4D) => tf.softmax(tf.div(scores, colourTemperature)) as tf.Tensor4D
    : referenceMaps(runtime);
  let sum: tf.Tensor4D | undefined;
  for (const { size, flip } of passes) {
    const input = tf.tidy(() => {
      const scaled = resize(image, [size[0], size[1]]);
      return flip ? flipMap(scaled, flip) : scaled.clone();
    });
    try {
      const result = await runForward(input, run, runtime, atOwnSize(inference), { ...options, classMaps });
      const next: tf.Tensor4D = tf.tidy(() => {
        const { scores, maskige, confidence } = result;
        const classes = resize(scores, [H, W]);
        // As in the reference the softmax comes after resizing; soft maps are probabilities already.
        const parts = [soft ? classes : tf.softmax(classes), resize(maskige, [H, W])];
        const joined = tf.concat([...parts, resize(tf.expandDims(confidence, 3), [H, W])], 3) as tf.Tensor4D;
        const upright = flip ? flipMap(joined, flip) : joined;
        return sum ? tf.add(sum, upright) : upright.clone();
      });
      tf.dispose(result);
      sum?.dispose();
      sum = next;
    } catch (error) {
      sum?.dispose();
      throw error;
    } finally {
      input.dispose();
    }
    await tf.nextFrame();
  }
  const total = sum!;
  const mean = tf.tidy((): Forward => {
    const parts = tf.split(tf.div(total, passes.length), [total.shape[3] - 4, 3, 1], 3);
    const [scores, maskige, confidence] = parts as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
    const tokens = tf.zeros([image.shape[0], 0, 0], 'int32') as tf.Tensor3D;
    return { scores, maskige, confidence: tf.squeeze(confidence, [3]) as tf.Tensor3D, tokens };
  });
  total.dispose();
  return mean;
}
