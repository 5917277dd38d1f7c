import * as tf from '@tensorflow/tfjs-core';
import type { GssModelConfig, InferenceConfig } from './config.js';
import { inputSize } from './scale.js';

/** Numbers that a Swin block holds at once for each number of its input: qkv, scores of 49 neighbours, their softmax, the MLP. */
const blockMaps = 34;
const bytes = 4;

/**
 * Roughly the bytes of maps that are alive at once while images are segmented whole: the largest of the token head, the Swin
 * blocks, a learned 𝒳⁻¹ and the class scores. Within a factor of two of what `gss model inspect` counts exactly.
 */
export function estimateMemory(
  { kind, backbone, prior, ftw, palette }: GssModelConfig,
  [height, width]: readonly [number, number],
  batch = 1,
): number {
  const pixels = batch * height * width;
  const cells = pixels / 16 / 4 ** prior.tokenLevel;
  const [finest = 0] = backbone.config.channels;
  const most = Math.max(
    kind === 'generative' ? cells * 4 * prior.vocabulary : 0, // logits, and three more for their entropy
    cells * blockMaps * prior.tokenChannels,
    (pixels / 16) * (backbone.type === 'swin' ? blockMaps : 4) * finest,
    ftw ? pixels * blockMaps * ftw.channels : 0,
    pixels * 4 * palette.length,
  );
  return bytes * most;
}

const step = 64;

/** The largest square window, in steps of 64 pixels, whose maps take no more than so many bytes; 64 if even that takes more. */
export function fittingWindow(config: GssModelConfig, available: number): number {
  const side = Math.sqrt(available / estimateMemory(config, [step, step])) * step;
  return Math.max(step, Math.floor(side / step) * step);
}

/** A segmentation that did not fit into memory; its message says what would. */
export class OutOfMemoryError extends Error {
  override readonly name = 'OutOfMemoryError';
}

/** How backends say that there is no memory left: TensorFlow, wasm, typed arrays, WebGL, WebGPU. */
const outOfMemory =
  /\boom\b|out[ -]of[ -]memory|resource ?exhausted|memory access out of bounds|cannot enlarge memory|allocation failed|invalid (typed )?array length|could not allocate|texture size .* greater|exceeds the max.*(buffer|size)|createBuffer/i;

const gib = (size: number) => `${(size / 2 ** 30).toFixed(1)} GiB`;
const wasmLimit = 2 ** 32;

/**
 * The error of a backend that had no memory for images of a size, as one that says which windows would fit; any other error is
 * given back as it is. TensorFlow on a CPU may be ended by the operating system before it can complain.
 */
export function explainMemory(
  error: unknown,
  config: GssModelConfig,
  size: readonly [number, number],
  batch: number,
  inference: InferenceConfig,
): unknown {
  if (!(error instanceof Error) || !outOfMemory.test(error.message)) return error;
  const seen = inputSize(size, inference);
  const part: readonly [number, number] =
    inference.mode === 'slide' ? [Math.min(seen[0], inference.crop[0]), Math.min(seen[1], inference.crop[1])] : seen;
  const needed = estimateMemory(config, part, batch);
  const backend = tf.getBackend();
  const free = backend === 'wasm' ? wasmLimit - tf.memory().numBytes : Number.POSITIVE_INFINITY;
  const side = fittingWindow(config, Math.min(needed, free) / 2);
  const stride = Math.floor((side * 2) / 3);
  const what = `${batch > 1 ? `${batch} images of ` : ''}${size[0]} × ${size[1]}${inference.mode === 'slide' ? ` by windows of ${part.join(' × ')}` : ''}`;
  const limit = backend === 'wasm' ? '; wasm has 4.0 GiB for everything' : '';
  const remedies = [
    ...(batch > 1 ? ['batchSize: 1'] : []),
    `windows of ${side} × ${side}, about ${gib(estimateMemory(config, [side, side]))}: inference: { mode: 'slide', crop: [${side}, ${side}], stride: [${stride}, ${stride}] }`,
  ];
  return new OutOfMemoryError(
    `predict: expected memory for ${what} (${config.name} holds about ${gib(needed)} of maps at once${limit}), but ${backend} has none left (${error.message.split('\n')[0]}). Take ${remedies.join(', or ')}, or a smaller image.`,
    { cause: error },
  );
}
