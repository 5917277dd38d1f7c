import {
  type AugmentOptions,
  ask,
  conclude,
  forward,
  generate,
  type Question,
  readLabels,
  readMaskige,
} from '@gss/segmenter';
import { resize } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { Timings, TokenMap } from '../engine/api.js';
import { type Correction, corrected } from './correction.js';
import type { OpenModel } from './model.js';
import { toBytes, toRgba } from './pixels.js';
import { breathe, type CallContext } from './scope.js';

/** A segmented window. */
export interface Part {
  readonly labels: Uint8Array;
  readonly maskige: Uint8ClampedArray<ArrayBuffer>;
  readonly confidence: Uint8Array;
  readonly tokens: TokenMap;
  readonly scores?: Uint8Array;
  readonly timings: Pick<Timings, 'prior' | 'decoder' | 'inverse'>;
}

export interface PartOptions {
  readonly scores?: boolean | undefined;
  readonly augment?: AugmentOptions | undefined;
}

/** Reads what `make` computes, and frees it. */
export async function read<T extends Float32Array | Int32Array>(make: () => tf.Tensor): Promise<T> {
  const tensor = tf.tidy(make);
  try {
    return (await tensor.data()) as T;
  } finally {
    tensor.dispose();
  }
}

/** Waits until the device has computed a tensor: four bytes are read back. */
const settle = (tensor: tf.Tensor) => read(() => tf.slice(tf.reshape(tensor, [-1]), [0], [1]));
const certaintyOf = (confidence: tf.Tensor3D, size: readonly [number, number]) =>
  read<Float32Array>(() => resize(tf.expandDims(confidence, 3) as tf.Tensor4D, [size[0], size[1]])).then(toBytes);
export const noTokens: TokenMap = { data: new Int32Array(0), width: 0, height: 0 };

/** Labels, and p(class) where asked for, of class logits [1, H, W, K], which are disposed. */
async function decide(logits: tf.Tensor4D, scores: boolean | undefined) {
  try {
    const { data } = await readLabels(() => tf.argMax(logits, 3) as tf.Tensor3D, logits.shape[3]);
    if (!scores) return { labels: data as Uint8Array };
    return { labels: data as Uint8Array, scores: toBytes(await read<Float32Array>(() => tf.softmax(logits))) };
  } finally {
    logits.dispose();
  }
}

/**
 * Segments a window [1, h, w, 3] in 0..255, stage by stage, with a breath between them for a cancel. The input stays the caller's.
 */
export async function segmentPart(
  input: tf.Tensor4D,
  model: OpenModel,
  correction: Correction | undefined,
  options: PartOptions,
  context: CallContext,
): Promise<Part> {
  const { config } = model.runtime;
  if (options.augment || config.inference.mode === 'slide')
    return segmentByPasses(input, model, correction, options, context);
  if (config.kind === 'discriminative') return segmentTwin(input, model, options);
  const began = performance.now();
  const { runtime, logitScale } = model;
  const [, H, W] = input.shape;
  let question: Question | undefined;
  let generated: ReturnType<typeof generate> | undefined;
  try {
    question = ask(input, runtime);
    await settle(question.tokenLogits);
    await breathe(context);
    const asked = performance.now();
    generated = generate(question, runtime);
    const { tokens, confidence, decoded } = generated;
    const picture = tf.tidy(() => resize(runtime.codec.picture(decoded), [H, W]));
    const maskige = toRgba((await readMaskige(picture)).data);
    picture.dispose();
    const map = {
      data: await read<Int32Array>(() => tf.cast(tokens, 'int32')),
      width: tokens.shape[2],
      height: tokens.shape[1],
    };
    const certainty = await certaintyOf(confidence, [H, W]);
    await breathe(context);
    const drawn = performance.now();
    const made = question;
    const logits = tf.tidy(() =>
      corrected(tf.mul(conclude(decoded, made, runtime), logitScale), decoded, runtime, correction),
    );
    const decided = await decide(logits, options.scores);
    const timings = { prior: asked - began, decoder: drawn - asked, inverse: performance.now() - drawn };
    return { ...decided, maskige, confidence: certainty, tokens: map, timings };
  } finally {
    tf.dispose([question, generated].filter((made) => made !== undefined) as unknown as tf.TensorContainer);
  }
}

/** The discriminative twin: one stage. */
async function segmentTwin(input: tf.Tensor4D, { runtime }: OpenModel, { scores }: PartOptions): Promise<Part> {
  const began = performance.now();
  const [, H, W] = input.shape;
  const result = forward(input, runtime);
  try {
    const decided = await decide(tf.clone(result.scores), scores);
    const maskige = toRgba((await readMaskige(result.maskige)).data);
    const confidence = await certaintyOf(result.confidence, [H, W]);
    const timings = { prior: performance.now() - began, decoder: 0, inverse: 0 };
    return { ...decided, maskige, confidence, tokens: noTokens, timings };
  } finally {
    tf.dispose(result);
  }
}

/** Averages over the passes of an augmentation, or the windows that the model asks for, as `predict` of @gss/segmenter. */
async function segmentByPasses(
  input: tf.Tensor4D,
  { segmenter, runtime }: OpenModel,
  correction: Correction | undefined,
  { augment, scores }: PartOptions,
  { signal, progress }: CallContext,
): Promise<Part> {
  const began = performance.now();
  const image = tf.tidy(() => tf.squeeze(input, [0]) as tf.Tensor3D);
  const prediction = await segmenter
    .predict(image, { signal, onProgress: progress, ...(augment ? { augment } : {}) })
    .finally(() => image.dispose());
  try {
    const { data, width, height } = await prediction.maskige();
    const logits = tf.tidy(() => {
      const p = tf.expandDims(prediction.probabilities(), 0) as tf.Tensor4D;
      const maskige = tf.div(tf.tensor4d(Float32Array.from(data), [1, height, width, 3]), 255) as tf.Tensor4D;
      return corrected(tf.log(tf.maximum(p, 1e-9)), maskige, runtime, correction);
    });
    const decided = await decide(logits, scores);
    const own = correction ? decided : { ...decided, labels: (await prediction.labels()).data as Uint8Array };
    const confidence = toBytes(await prediction.confidence());
    const timings = { prior: performance.now() - began, decoder: 0, inverse: 0 };
    return { ...own, maskige: toRgba(data), confidence, tokens: noTokens, timings };
  } finally {
    prediction.dispose();
  }
}
