import type { LabelMap, RgbImage } from '@gss/maskige';
import { resize } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type Answer, lazyConfidence } from './answer.js';
import type { Runtime } from './forward.js';
import { colourTemperature, scoresAreLogits } from './inference.js';
import { read, readLabels, readMaskige } from './read.js';

/** A segmented image. Its tensors stay on the device until asked for; call `dispose` when done. */
export interface Prediction {
  readonly width: number;
  readonly height: number;
  /** Class of every pixel. */
  labels(): Promise<LabelMap>;
  /** The generated maskige. */
  maskige(): Promise<RgbImage>;
  /**
   * The prior's certainty per pixel, 0..1, row by row. Of an image taken whole, with neither windows nor augmentation, it is computed at
   * the first call, with the token classifier run again; the prediction holds what that reads until then. A twin's is there at once.
   */
  confidence(): Promise<Float32Array>;
  /** Token map; empty in sliding inference and with augmentation, where every window or pass has its own. */
  tokens(): Promise<{ data: Int32Array; width: number; height: number }>;
  /**
   * p(class) per pixel, [H, W, K]: softmax of the scores / τ. Default 1 where scores are logits (the twin, GSS-FT-W), else 0.05, in squared
   * colour distance. With augmentation the mean of the passes' probabilities p, or p^(1/τ) made to sum to 1.
   */
  probabilities(temperature?: number): tf.Tensor3D;
  dispose(): void;
}

/** Class scores made probabilities. */
export type Soften = (scores: tf.Tensor4D, temperature: number | undefined) => tf.Tensor;

/** softmax(scores / τ) */
export const softenScores =
  (runtime: Runtime): Soften =>
  (scores, temperature = scoresAreLogits(runtime) ? 1 : colourTemperature) =>
    tf.softmax(tf.div(scores, temperature));

/** p^(1/τ) of scores that are probabilities; a floor keeps log 0 out. */
export const softenProbabilities: Soften = (p, temperature) =>
  temperature === undefined ? p : tf.softmax(tf.div(tf.log(tf.maximum(p, 1e-30)), temperature));

/** What was computed of one image, to be read when asked for; it takes the tensors over. */
export function createPrediction(answer: Answer, { params }: Pick<Runtime, 'params'>, soften: Soften): Prediction {
  const { scores, maskige, tokens } = answer;
  const [, height, width] = scores.shape;
  const certain = lazyConfidence(answer, params.decode_head.conv_seg);
  return {
    width,
    height,
    labels: () => readLabels(() => tf.argMax(scores, 3), scores.shape[3]),
    maskige: () => readMaskige(maskige),
    confidence: () => read<Float32Array>(() => resize(tf.expandDims(certain.get(), 3), [height, width])),
    async tokens() {
      return {
        data: await read<Int32Array>(() => tf.cast(tokens, 'int32')),
        width: tokens.shape[2],
        height: tokens.shape[1],
      };
    },
    probabilities: (temperature) => tf.tidy(() => tf.squeeze(soften(scores, temperature), [0]) as tf.Tensor3D),
    dispose() {
      tf.dispose([scores, maskige, tokens]);
      certain.dispose();
    },
  };
}

/** A batch's results, image by image; the batch's own tensors are freed. */
export function splitAnswer(batch: Answer): Answer[] {
  const B = batch.scores.shape[0];
  if (B === 1) return [batch];
  const parts = tf.tidy(() => {
    const at = (x: tf.Tensor, i: number): tf.Tensor => {
      const shape = [1, ...x.shape.slice(1)];
      return x.size ? tf.slice(x, [i, ...x.shape.slice(1).map(() => 0)], shape) : tf.zeros(shape, x.dtype);
    };
    const image = (i: number) => Object.fromEntries(Object.entries(batch).map(([name, x]) => [name, at(x, i)]));
    return Array.from({ length: B }, (_, i) => image(i) as Answer);
  });
  tf.dispose(batch);
  return parts;
}
