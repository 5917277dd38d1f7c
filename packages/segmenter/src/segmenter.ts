import { disposeTree, type Tree } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type Answer, answer } from './answer.js';
import { type AugmentOptions, atOwnSize, countAugmented, inferAugmented } from './augment.js';
import type { GssModelConfig, InferenceConfig } from './config.js';
import { watchPixels } from './finite.js';
import { type Forward, forward, type Runtime, withInference } from './forward.js';
import { type Group, groupImages, type SegmenterBatch, type SegmenterImage, toTensor } from './images.js';
import { countWindows, type RunOptions, runForward } from './inference.js';
import { checkKernels } from './kernels.js';
import { marginalTable } from './marginal.js';
import { createMaskigeCodec } from './maskige.js';
import { explainMemory } from './memory.js';
import { foldModel, type ModelParams } from './model.js';
import { createPrediction, type Prediction, softenProbabilities, softenScores, splitAnswer } from './prediction.js';
import { type SampleOptions, type Samples, sampleMasks } from './sample.js';
import { openTokenizer } from './tokenizers.js';

export interface PredictOptions {
  /** Default: the model's own. */
  readonly inference?: InferenceConfig;
  /** Averages over scales and mirror images, as mmsegmentation's aug_test. */
  readonly augment?: AugmentOptions;
  /** Of several images, neighbours of one size go through the network together, at most so many. Default 4. */
  readonly batchSize?: number;
  /**
   * Float tensors may hold NaN or infinite pixels, which are refused: one pass over the image on the device and four bytes read back.
   * `false` leaves it out. Bytes and int32 tensors need no check.
   */
  readonly checkPixels?: boolean;
  /** Stops before the first and between windows of a large image; `predict` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Windows done of all; one for images, or a pass of the augmentation, that are taken whole. A batch counts as one image. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A model ready to segment. It owns its parameters. */
export interface Segmenter {
  readonly config: GssModelConfig;
  /** Its parts, for those who run the stages themselves: `ask`, `generate`, `conclude`. They stay the segmenter's. */
  readonly runtime: Runtime;
  /**
   * Segments one image: bytes (3 a pixel, or 4 as ImageData has them, alpha being dropped), or a tensor [H, W, 3] in 0..255, which
   * stays the caller's. The network's results stay on the device until the prediction is asked for them.
   * @throws ShapeError, RangeError, TypeError for what is no such image; RangeError for NaN pixels; OutOfMemoryError, which says what
   * would fit, where the backend says that it has no memory left.
   */
  predict(image: SegmenterImage, options?: PredictOptions): Promise<Prediction>;
  /** Segments several: a tensor [B, H, W, 3], or a list. One prediction an image, in their order. */
  predict(images: SegmenterBatch, options?: PredictOptions): Promise<Prediction[]>;
  /** Draws several plausible masks of one image from the prior, where `predict` takes its most probable tokens. */
  sample(image: SegmenterImage, options?: SampleOptions): Promise<Samples>;
  /** The bare forward pass of a batch, [B, H, W, 3] in 0..255, whole, at `config.inference.scale`. */
  forward(images: tf.Tensor4D): Forward;
  dispose(): void;
}

/**
 * Images whole and as they are. Windows and passes of an augmentation compute the confidence of theirs at once: what it is computed from
 * cannot be joined, and kept side by side it would outgrow the result. Windows of the nano preset that advance by two thirds leave 72
 * bytes a pixel (128 channels at d = 1/4, 2¼ times), the twelve usual passes 556; a prediction of 11 classes holds 56.
 */
function answerWhole(input: tf.Tensor4D, runtime: Runtime, { signal, onWindow }: RunOptions): Answer {
  signal?.throwIfAborted();
  const result = answer(input, runtime);
  onWindow?.();
  return result;
}

/** One group of images through the network. */
async function predictGroup(
  group: Group,
  runtime: Runtime,
  { inference = runtime.config.inference, augment, checkPixels = true, signal }: PredictOptions,
  onWindow: () => void,
): Promise<Prediction[]> {
  let input: tf.Tensor4D | undefined;
  try {
    input = group.make();
    const checked = group.floats && checkPixels ? watchPixels('predict', input) : undefined;
    // A pass of the augmentation has its size already.
    const running = withInference(runtime, augment ? atOwnSize(inference) : inference);
    const run = (part: tf.Tensor4D) => forward(part, running);
    const watch = { signal, onWindow };
    const result = augment
      ? await inferAugmented(input, run, runtime, inference, augment, watch)
      : inference.mode === 'whole'
        ? answerWhole(input, running, watch)
        : await runForward(input, run, runtime, inference, watch);
    try {
      await checked?.();
    } catch (error) {
      tf.dispose(result);
      throw error;
    }
    const soften = augment ? softenProbabilities : softenScores(runtime);
    return splitAnswer(result).map((one) => createPrediction(one, runtime, soften));
  } catch (error) {
    throw explainMemory(error, runtime.config, group.size, group.count, inference);
  } finally {
    input?.dispose();
  }
}

async function predictAll(
  images: SegmenterImage | SegmenterBatch,
  runtime: Runtime,
  options: PredictOptions,
): Promise<Prediction | Prediction[]> {
  const { groups, several } = groupImages('predict', images, options.batchSize ?? 4);
  const { augment, onProgress, inference = runtime.config.inference } = options;
  const windows = groups.map(({ size }) =>
    augment ? countAugmented(size, inference, augment) : countWindows(size, inference),
  );
  const total = windows.reduce((sum, count) => sum + count, 0);
  let done = 0;
  const onWindow = () => onProgress?.(++done, total);
  const predictions: Prediction[] = [];
  try {
    for (const group of groups) predictions.push(...(await predictGroup(group, runtime, options, onWindow)));
  } catch (error) {
    for (const prediction of predictions) prediction.dispose();
    throw error;
  }
  return several ? predictions : predictions[0]!;
}

export interface SegmenterOptions {
  /**
   * Inference folds BatchNorms into their convolutions, once, here. The parameters that were given stay as they are until `dispose`, to
   * be saved or trained on; `true` frees them at once, so that a convolution is not in memory twice. Default false.
   */
  readonly release?: boolean;
}

/**
 * A segmenter from a config and its parameters, which it takes over (not if it throws).
 * @throws MissingKernelsError where the current backend lacks a kernel that the model needs
 */
export function createSegmenter(
  config: GssModelConfig,
  params: ModelParams,
  { release = false }: SegmenterOptions = {},
): Segmenter {
  checkKernels('createSegmenter', config);
  const codec = createMaskigeCodec(config, config.tokenizer.input);
  const table = marginalTable(config, openTokenizer(config.tokenizer, params.tokenizer), codec);
  const folded = foldModel(config, params);
  if (release) disposeTree(params as Tree<tf.Tensor>);
  const tokenizer = openTokenizer(config.tokenizer, folded.tokenizer);
  const runtime: Runtime = { config, params: folded, codec, tokenizer, classTable: table };
  return {
    config,
    runtime,
    predict: ((images: SegmenterImage | SegmenterBatch, options: PredictOptions = {}) =>
      predictAll(images, runtime, options)) as Segmenter['predict'],
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
      disposeTree(folded as Tree<tf.Tensor>);
      disposeTree(params as Tree<tf.Tensor>);
    },
  };
}
