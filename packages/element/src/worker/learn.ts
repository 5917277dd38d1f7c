import { convInverse } from '@gss/posterior';
import { ask, conclude, generate } from '@gss/segmenter';
import { createRng, crossEntropyRows, disposeTree, mapTree, type Tree, trainable, variablesOf } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { LabelImage } from '../engine/api.js';
import { type Correction, correctionSpec, freshCorrection, saveCorrection } from './correction.js';
import { labelTensor } from './generate.js';
import type { OpenModel } from './model.js';
import { type Pixels, toTensor } from './pixels.js';
import { breathe, type CallContext } from './scope.js';

/** An example as the steps read it. */
interface Prepared {
  /** x̂ that the model generates, [1, H, W, 3] in [0, 1]. */
  readonly maskige: tf.Tensor4D;
  /** Logits of the model's own 𝒳⁻¹, [1, H, W, K]. */
  readonly own: tf.Tensor4D;
  /** [1, H, W]; K is unlabelled. */
  readonly labels: tf.Tensor3D;
}

/** Sides of the crop that a step sees. */
const cropSide = 128;

function prepare(pixels: Pixels, labels: LabelImage, { runtime, logitScale }: OpenModel): Prepared {
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
    return { maskige: runtime.codec.picture(decoded), own, labels: ids };
  });
}

export interface LearnRequest {
  readonly examples: readonly { readonly pixels: Pixels; readonly labels: LabelImage }[];
  readonly steps: number;
  readonly lr: number;
}

/**
 * Fits the correction of 𝒳⁻¹ to corrected masks: cross entropy over the labelled pixels of a random crop a step, Adam; everything else of
 * the model stays. Goes on from `from`. Progress tells step and loss.
 * @returns the learned weights as a safetensors file.
 */
export async function learnCorrection(
  { examples, steps, lr }: LearnRequest,
  model: OpenModel,
  from: Correction | undefined,
  context: CallContext,
): Promise<Uint8Array<ArrayBuffer>> {
  const { config } = model.runtime;
  if (config.kind === 'discriminative')
    throw new TypeError(
      `learn: ${config.name} is discriminative: it has no maskige to invert. Load a generative model.`,
    );
  if (examples.length === 0)
    throw new RangeError('learn: expected at least one example, got none. Correct a mask first.');
  if (!(Number.isInteger(steps) && steps > 0 && lr > 0))
    throw new RangeError(`learn: expected a whole number of steps and a rate above 0, got ${steps} and ${lr}.`);
  (await import('./gradients.js')).needGradients();
  const K = config.classes.length;
  const prepared: Prepared[] = [];
  const optimizer = tf.train.adam(lr);
  const start = from
    ? mapTree(from.params as unknown as Tree<tf.Tensor>, (tensor) => tf.clone(tensor))
    : (freshCorrection(K) as unknown as Tree<tf.Tensor>);
  const params = trainable(correctionSpec(K), start) as unknown as Correction['params'];
  const variables = [...variablesOf(params as unknown as Tree<tf.Tensor>).values()];
  const rng = createRng(steps);
  try {
    for (const { pixels, labels } of examples) {
      prepared.push(prepare(pixels, labels, model));
      await breathe(context);
    }
    for (let step = 1; step <= steps; step++) {
      const { maskige, own, labels } = prepared[(step - 1) % prepared.length]!;
      const [, H, W] = labels.shape;
      const [h, w] = [Math.min(cropSide, H), Math.min(cropSide, W)];
      const [y, x] = [rng.int(H - h + 1), rng.int(W - w + 1)];
      const cost = tf.tidy(() => {
        const targets = tf.slice(labels, [0, y, x], [1, h, w]);
        const counted = tf.maximum(1, tf.sum(tf.cast(tf.notEqual(targets, K), 'float32')));
        const seen = tf.slice(maskige, [0, y, x, 0], [1, h, w, 3]);
        const base = tf.slice(own, [0, y, x, 0], [1, h, w, K]);
        const loss = () =>
          tf.div(tf.sum(crossEntropyRows(tf.add(base, convInverse(seen, params)), targets, K)), counted) as tf.Scalar;
        return optimizer.minimize(loss, true, variables) as tf.Scalar;
      });
      const [value] = await cost.data();
      cost.dispose();
      if (!Number.isFinite(value))
        throw new RangeError(`learn: the loss is ${value} at step ${step}. Take a smaller learning rate than ${lr}.`);
      context.progress(step, value!);
      await breathe(context);
    }
    return await saveCorrection(params, K);
  } finally {
    optimizer.dispose();
    disposeTree(params as unknown as Tree<tf.Tensor>);
    for (const { maskige, own, labels } of prepared) tf.dispose([maskige, own, labels]);
  }
}
