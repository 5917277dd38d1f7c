import type { LabelMap, RgbImage } from '@gss/maskige';
import { disposeTree, resize, type Tree } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { GssModelConfig, InferenceConfig } from './config.js';
import { type Forward, forward, type Runtime } from './forward.js';
import { createMaskigeCodec } from './maskige.js';
import type { ModelParams } from './model.js';
import { slide } from './slide.js';
import { openTokenizer } from './tokenizers.js';

export interface PredictOptions {
  /** Default: the model's own. */
  readonly inference?: InferenceConfig;
  /** Stops between windows of a large image. */
  readonly signal?: AbortSignal;
  /** Windows done of all, in sliding inference. */
  readonly onWindow?: (done: number, total: number) => void;
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
  /** Token map; empty in sliding inference, where every window has its own. */
  tokens(): Promise<{ data: Int32Array; width: number; height: number }>;
  /** p(class) per pixel from distances to the palette, [H, W, K]: softmax of the scores / τ (τ in squared colour distance, default 0.05). */
  probabilities(temperature?: number): tf.Tensor3D;
  dispose(): void;
}

/** A model ready to segment. It owns its parameters. */
export interface Segmenter {
  readonly config: GssModelConfig;
  /** Segments one image: RGB bytes, or a tensor [H, W, 3] in 0..255, which stays the caller's. */
  predict(image: RgbImage | tf.Tensor3D, options?: PredictOptions): Promise<Prediction>;
  /** The bare forward pass of a batch, [B, H, W, 3] in 0..255, whole. */
  forward(images: tf.Tensor4D): Forward;
  dispose(): void;
}

function toTensor(image: RgbImage | tf.Tensor3D): tf.Tensor4D {
  if (image instanceof tf.Tensor) return tf.tidy(() => tf.cast(tf.expandDims(image, 0), 'float32') as tf.Tensor4D);
  const { data, width, height } = image;
  if (data.length !== width * height * 3) {
    throw new RangeError(
      `predict: expected ${width} × ${height} × 3 bytes, got ${data.length}. Drop the alpha channel of RGBA data.`,
    );
  }
  return tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
}

async function read<T extends Float32Array | Int32Array>(make: () => tf.Tensor): Promise<T> {
  const tensor = tf.tidy(make);
  const data = (await tensor.data()) as T;
  tensor.dispose();
  return data;
}

function prediction({ scores, maskige, tokens, confidence }: Forward): Prediction {
  const [, height, width] = scores.shape;
  return {
    width,
    height,
    async labels() {
      const data = await read<Int32Array>(() => tf.argMax(scores, 3));
      return { data: scores.shape[3] > 256 ? Uint16Array.from(data) : Uint8Array.from(data), width, height };
    },
    async maskige() {
      const data = await read<Float32Array>(() => tf.mul(tf.clipByValue(maskige, 0, 1), 255));
      return { data: Uint8ClampedArray.from(data), width, height };
    },
    confidence: () => read<Float32Array>(() => resize(tf.expandDims(confidence, 3), [height, width])),
    async tokens() {
      return {
        data: await read<Int32Array>(() => tf.cast(tokens, 'int32')),
        width: tokens.shape[2],
        height: tokens.shape[1],
      };
    },
    probabilities: (temperature = 0.05) =>
      tf.tidy(() => tf.squeeze(tf.softmax(tf.div(scores, temperature)), [0]) as tf.Tensor3D),
    dispose: () => tf.dispose([scores, maskige, tokens, confidence]),
  };
}

/** Windows give one-hot class maps, maskige and confidence side by side, so that each window runs once. */
async function slideForward(
  image: tf.Tensor4D,
  runtime: Runtime,
  options: PredictOptions & { inference: Extract<InferenceConfig, { mode: 'slide' }> },
): Promise<Forward> {
  const K = runtime.config.palette.length;
  const run = (window: tf.Tensor4D) => {
    const { scores, maskige, confidence } = forward(window, runtime);
    const [, h, w] = window.shape;
    const votes = tf.oneHot(tf.cast(tf.argMax(scores, 3), 'int32'), K);
    return tf.concat(
      [tf.cast(votes, 'float32'), maskige, resize(tf.expandDims(confidence, 3), [h, w])],
      3,
    ) as tf.Tensor4D;
  };
  const joined = await slide(image, run, {
    ...options.inference,
    ...(options.onWindow ? { onWindow: options.onWindow } : {}),
    signal: options.signal,
  });
  const result = tf.tidy(() => {
    const [scores, maskige, confidence] = tf.split(joined, [K, 3, 1], 3) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
    return {
      scores,
      maskige,
      confidence: tf.squeeze(confidence, [3]) as tf.Tensor3D,
      tokens: tf.zeros([1, 0, 0], 'int32') as tf.Tensor3D,
    };
  });
  joined.dispose();
  return result;
}

/** A segmenter from a config and its parameters, which it takes over. */
export function createSegmenter(config: GssModelConfig, params: ModelParams): Segmenter {
  const codec = createMaskigeCodec(config, config.tokenizer.input);
  const runtime: Runtime = { config, params, codec, tokenizer: openTokenizer(config.tokenizer, params.tokenizer) };
  return {
    config,
    async predict(image, options = {}) {
      const input = toTensor(image);
      try {
        const inference = options.inference ?? config.inference;
        return prediction(
          inference.mode === 'slide'
            ? await slideForward(input, runtime, { ...options, inference })
            : forward(input, runtime),
        );
      } finally {
        input.dispose();
      }
    },
    forward: (images) => forward(images, runtime),
    dispose() {
      codec.dispose();
      disposeTree(params as Tree<tf.Tensor>);
    },
  };
}
