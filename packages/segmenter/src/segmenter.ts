import type { LabelMap, RgbImage } from '@gss/maskige';
import { disposeTree, resize, type Tree } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type AugmentOptions, countAugmented, inferAugmented } from './augment.js';
import type { GssModelConfig, InferenceConfig } from './config.js';
import { type Forward, forward, type Runtime } from './forward.js';
import { colourTemperature, countWindows, runForward, scoresAreLogits } from './inference.js';
import { classTable } from './marginal.js';
import { createMaskigeCodec } from './maskige.js';
import type { ModelParams } from './model.js';
import { read, readLabels, readMaskige } from './read.js';
import { type SampleOptions, type Samples, sampleMasks } from './sample.js';
import { openTokenizer } from './tokenizers.js';

export interface PredictOptions {
  /** Default: the model's own. */
  readonly inference?: InferenceConfig;
  /** Averages over scales and mirror images, as mmsegmentation's aug_test. */
  readonly augment?: AugmentOptions;
  /** Stops before the first and between windows of a large image; `predict` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Windows done of all; one for an image, or a pass of the augmentation, that is taken whole. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A segmented image. Its tensors stay on the device until asked for; call `dispose` when done. */
export interface Prediction {
  readonly width: number;
  readonly height: number;
  /** Class of every pixel. */
  labels(): Promise<LabelMap>;
  /** The generated maskige. */
  maskige(): Promise<RgbImage>;
  /** The prior's certainty per pixel, 0..1, row by row. */
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

/** A model ready to segment. It owns its parameters. */
export interface Segmenter {
  readonly config: GssModelConfig;
  /** Segments one image: RGB bytes, or a tensor [H, W, 3] in 0..255, which stays the caller's. */
  predict(image: RgbImage | tf.Tensor3D, options?: PredictOptions): Promise<Prediction>;
  /** Draws several plausible masks of one image from the prior, where `predict` takes its most probable tokens. */
  sample(image: RgbImage | tf.Tensor3D, options?: SampleOptions): Promise<Samples>;
  /** The bare forward pass of a batch, [B, H, W, 3] in 0..255, whole. */
  forward(images: tf.Tensor4D): Forward;
  dispose(): void;
}

function toTensor(who: string, image: RgbImage | tf.Tensor3D): tf.Tensor4D {
  if (image instanceof tf.Tensor) return tf.tidy(() => tf.cast(tf.expandDims(image, 0), 'float32') as tf.Tensor4D);
  const { data, width, height } = image;
  if (data.length !== width * height * 3) {
    throw new RangeError(
      `${who}: expected ${width} × ${height} × 3 bytes, got ${data.length}. Drop the alpha channel of RGBA data.`,
    );
  }
  return tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
}

type Soften = (scores: tf.Tensor4D, temperature: number | undefined) => tf.Tensor;

/** softmax(scores / τ) */
const softenScores =
  (runtime: Runtime): Soften =>
  (scores, temperature = scoresAreLogits(runtime) ? 1 : colourTemperature) =>
    tf.softmax(tf.div(scores, temperature));

/** p^(1/τ) of scores that are probabilities; a floor keeps log 0 out. */
const softenProbabilities: Soften = (p, temperature) =>
  temperature === undefined ? p : tf.softmax(tf.div(tf.log(tf.maximum(p, 1e-30)), temperature));

function prediction({ scores, maskige, tokens, confidence }: Forward, soften: Soften): Prediction {
  const [, height, width] = scores.shape;
  return {
    width,
    height,
    labels: () => readLabels(() => tf.argMax(scores, 3), scores.shape[3]),
    maskige: () => readMaskige(maskige),
    confidence: () => read<Float32Array>(() => resize(tf.expandDims(confidence, 3), [height, width])),
    async tokens() {
      return {
        data: await read<Int32Array>(() => tf.cast(tokens, 'int32')),
        width: tokens.shape[2],
        height: tokens.shape[1],
      };
    },
    probabilities: (temperature) => tf.tidy(() => tf.squeeze(soften(scores, temperature), [0]) as tf.Tensor3D),
    dispose: () => tf.dispose([scores, maskige, tokens, confidence]),
  };
}

/** A segmenter from a config and its parameters, which it takes over. */
export function createSegmenter(config: GssModelConfig, params: ModelParams): Segmenter {
  const codec = createMaskigeCodec(config, config.tokenizer.input);
  const tokenizer = openTokenizer(config.tokenizer, params.tokenizer);
  const table = classTable(config, tokenizer, codec);
  const runtime: Runtime = { config, params, codec, tokenizer, classTable: table };
  return {
    config,
    async predict(image, options = {}) {
      const input = toTensor('predict', image);
      try {
        const inference = options.inference ?? config.inference;
        const { augment, signal, onProgress } = options;
        const size = [input.shape[1], input.shape[2]] as const;
        const total = augment ? countAugmented(size, inference, augment) : countWindows(size, inference);
        let done = 0;
        const run = (part: tf.Tensor4D) => forward(part, runtime);
        const watch = { signal, onWindow: () => onProgress?.(++done, total) };
        return augment
          ? prediction(await inferAugmented(input, run, runtime, inference, augment, watch), softenProbabilities)
          : prediction(await runForward(input, run, runtime, inference, watch), softenScores(runtime));
      } finally {
        input.dispose();
      }
    },
    async sample(image, options) {
      const input = toTensor('sample', image);
      try {
        return await sampleMasks(input, runtime, options);
      } finally {
        input.dispose();
      }
    },
    forward: (images) => forward(images, runtime),
    dispose() {
      codec.dispose();
      table?.dispose();
      disposeTree(params as Tree<tf.Tensor>);
    },
  };
}
