import { type ConvInverseParams, convInverse } from '@gss/posterior';
import { ask, conclude, generate } from '@gss/segmenter';
import { crossEntropyRows, resize } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { LabelImage } from '../engine/api.js';
import { labelTensor } from './generate.js';
import type { OpenModel } from './model.js';
import { type Pixels, toTensor } from './pixels.js';
import { breathe, type CallContext } from './scope.js';
import { read } from './segment.js';

/** A corrected picture as the steps of `learn` read it. */
export interface Example {
  /** x̂ that the model generates, [1, H, W, 3] in [0, 1]. */
  readonly maskige: tf.Tensor4D;
  /** Logits of the model's own 𝒳⁻¹, [1, H, W, K]. */
  readonly own: tf.Tensor4D;
  /** [1, H, W]; K is unlabelled. */
  readonly labels: tf.Tensor3D;
}

/** What `segment` makes of a picture up to the correction, beside what it should say. */
export function prepareExample(
  pixels: Pixels,
  labels: LabelImage,
  { runtime, logitScale }: Pick<OpenModel, 'runtime' | 'logitScale'>,
): Example {
  const { width: w, height: h } = pixels;
  if (labels.width !== w || labels.height !== h)
    throw new RangeError(
      `learn: the picture is ${w} × ${h}, its labels are ${labels.width} × ${labels.height}. Correct the mask that segment gave.`,
    );
  const ids = labelTensor('learn', labels, runtime);
  return tf.tidy(() => {
    const question = ask(toTensor(pixels, { x: 0, y: 0, w, h }), runtime);
    const { decoded } = generate(question, runtime);
    const own = tf.mul(conclude(decoded, question, runtime), logitScale) as tf.Tensor4D;
    return { maskige: resize(runtime.codec.picture(decoded), [h, w]), own, labels: ids };
  });
}

export const disposeExample = ({ maskige, own, labels }: Example): void => tf.dispose([maskige, own, labels]);

/** Mean cross entropy over the labelled pixels. */
export function meanCrossEntropy(logits: tf.Tensor4D, labels: tf.Tensor3D): tf.Scalar {
  const K = logits.shape[3];
  return tf.tidy(() => {
    const counted = tf.maximum(1, tf.sum(tf.cast(tf.notEqual(labels, K), 'float32')));
    return tf.div(tf.sum(crossEntropyRows(logits, labels, K)), counted) as tf.Scalar;
  });
}

/** The least scale: below it the model's own logits would say next to nothing. */
const leastScale = 2 ** -6;

/**
 * The scale in (0, 1] at which the model's own logits have the least cross entropy: temperature scaling (Guo et al. 2017). Squared colour
 * distances and logarithms of token sums are no calibrated logits; their mean is ruled by the few pixels where the model is surely wrong,
 * which no inverse can mend, and steps that please those ruin many right ones. Powers of two, so that scaling rounds nothing.
 */
export async function calibrate(examples: readonly Example[], context: CallContext): Promise<number> {
  const cost = async (scale: number) => {
    let sum = 0;
    for (const { own, labels } of examples) {
      const [value] = await read<Float32Array>(() => meanCrossEntropy(tf.mul(own, scale), labels));
      sum += value!;
      await breathe(context);
    }
    return sum;
  };
  // Convex in the scale: the first rise is past the best.
  let scale = 1;
  let best = await cost(scale);
  while (scale > leastScale) {
    const next = await cost(scale / 2);
    if (next >= best) break;
    best = next;
    scale /= 2;
  }
  return scale;
}

/** How many pixels are labelled. */
export async function countLabelled(examples: readonly Example[]): Promise<number> {
  let sum = 0;
  for (const { labels, own } of examples) {
    const [count] = await read<Float32Array>(() => tf.sum(tf.cast(tf.notEqual(labels, own.shape[3]), 'float32')));
    sum += count!;
  }
  return sum;
}

/** How many labelled pixels arg max (scale · own + part · correction) gets right, for every `part`. */
export async function countRight(
  examples: readonly Example[],
  params: ConvInverseParams,
  scale: number,
  parts: readonly number[],
): Promise<number[]> {
  const right = parts.map(() => 0);
  for (const { maskige, own, labels } of examples) {
    const counts = await read<Float32Array>(() => {
      const base = tf.mul(own, scale);
      const correction = convInverse(maskige, params);
      const hits = (part: number) =>
        tf.tidy(() => {
          const found = tf.argMax(tf.add(base, tf.mul(correction, part)), 3); // never K, so unlabelled pixels are no hits
          return tf.sum(tf.cast(tf.equal(found, labels), 'float32'));
        });
      return tf.stack(parts.map(hits));
    });
    counts.forEach((count, i) => {
      right[i]! += count;
    });
  }
  return right;
}
