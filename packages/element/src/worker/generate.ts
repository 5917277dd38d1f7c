import { decodeCodes, invert, labelScale, type Runtime, readLabels, readMaskige } from '@gss/segmenter';
import * as tf from '@tensorflow/tfjs-core';
import type { Decoded, LabelImage, Recoded, SampleResult, TokenMap } from '../engine/api.js';
import { type Correction, corrected } from './correction.js';
import type { OpenModel } from './model.js';
import { type Pixels, toRgba, toTensor } from './pixels.js';
import type { CallContext } from './scope.js';
import { read } from './segment.js';
import { wholePixels } from './tiles.js';

/** Only a generative model whose tokenizer needs no photo turns tokens into masks by themselves. */
function needTokens(method: string, { runtime: { config, tokenizer } }: OpenModel): void {
  if (config.kind === 'discriminative')
    throw new TypeError(`${method}: ${config.name} is discriminative and has no tokens. Load a generative model.`);
  if (tokenizer.needsContext)
    throw new TypeError(
      `${method}: the ${config.tokenizer.type} tokenizer reads the photo too, and there is none here. Load a model with a compact tokenizer.`,
    );
}

/** Class logits of x̂ alone. An inverse that also sees the photo or the prior cannot be asked here: then the nearest colour is. */
function logitsOf(decoded: tf.Tensor4D, model: OpenModel, correction: Correction | undefined): tf.Tensor4D {
  const { runtime, logitScale } = model;
  const { photo, soft } = (runtime.config.ftw ?? {}) as { readonly photo?: unknown; readonly soft?: unknown };
  const scores = photo || soft ? runtime.codec.scores(decoded) : invert(decoded, runtime);
  return corrected(tf.mul(scores, logitScale), decoded, runtime, correction);
}

async function decodeAt(
  tokens: tf.Tensor3D,
  size: [number, number],
  model: OpenModel,
  correction: Correction | undefined,
): Promise<Decoded> {
  const { runtime } = model;
  const decoded = decodeCodes(tokens, { size }, runtime);
  const picture = tf.tidy(() => runtime.codec.picture(decoded));
  try {
    const [height, width] = size;
    const maskige = { data: toRgba((await readMaskige(picture)).data), width, height };
    const K = runtime.config.classes.length;
    const { data } = await readLabels(() => tf.argMax(logitsOf(decoded, model, correction), 3) as tf.Tensor3D, K);
    return { maskige, labels: { data: data as Uint8Array, width, height } };
  } finally {
    tf.dispose([decoded, picture]);
  }
}

/** Tokens → maskige → labels. */
export async function decodeTokens(
  { data, width, height }: TokenMap,
  model: OpenModel,
  correction: Correction | undefined,
): Promise<Decoded> {
  needTokens('decode', model);
  const { tokenizer, config } = model.runtime;
  if (data.length !== width * height || data.length === 0)
    throw new RangeError(`decode: expected ${width} × ${height} tokens, got ${data.length}. Pass what segment gave.`);
  const wrong = data.findIndex((token) => !(token >= 0 && token < tokenizer.vocabulary));
  if (wrong >= 0)
    throw new RangeError(
      `decode: token ${data[wrong]} at ${wrong % width}, ${Math.floor(wrong / width)} is not in 0..${tokenizer.vocabulary - 1}. Take tokens of the same model.`,
    );
  const pixels = tokenizer.downsample / labelScale(tokenizer, config.prior);
  const tokens = tf.tensor3d(data, [1, height, width], 'int32');
  try {
    return await decodeAt(tokens, [height * pixels, width * pixels], model, correction);
  } finally {
    tokens.dispose();
  }
}

/** Labels as 𝒳 takes them: [1, H, W], unlabelled being K. Refuses classes that the model has not. */
export function labelTensor(method: string, { data, width, height }: LabelImage, { config }: Runtime): tf.Tensor3D {
  const K = config.classes.length;
  if (data.length !== width * height || data.length === 0)
    throw new RangeError(`${method}: expected ${width} × ${height} labels, got ${data.length}. Pass one byte a pixel.`);
  const ids = Int32Array.from(data, (label) => (label === 255 ? K : label));
  const wrong = ids.findIndex((label) => label > K);
  if (wrong >= 0)
    throw new RangeError(
      `${method}: label ${data[wrong]} at pixel ${wrong}; ${config.name} has 0..${K - 1}, and 255 for unlabelled.`,
    );
  return tf.tensor3d(ids, [1, height, width], 'int32');
}

/** A painted mask through the tokenizer. */
export async function recodeLabels(
  labels: LabelImage,
  model: OpenModel,
  correction: Correction | undefined,
): Promise<Recoded> {
  needTokens('recode', model);
  const { tokenizer, codec, config } = model.runtime;
  const ids = labelTensor('recode', labels, model.runtime);
  const tokens = tf.tidy(() => {
    const scale = labelScale(tokenizer, config.prior);
    const { height, width } = labels;
    const sized =
      scale === 1
        ? ids
        : (tf.squeeze(
            tf.image.resizeNearestNeighbor(tf.expandDims(ids, 3) as tf.Tensor4D, [
              Math.round(height * scale),
              Math.round(width * scale),
            ]),
            [3],
          ) as tf.Tensor3D);
    return tokenizer.encode(codec.paint(tf.cast(sized, 'int32')));
  });
  ids.dispose();
  try {
    const decoded = await decodeAt(tokens, [labels.height, labels.width], model, correction);
    const [, height, width] = tokens.shape;
    return { ...decoded, tokens: { data: await read<Int32Array>(() => tf.cast(tokens, 'int32')), width, height } };
  } finally {
    tokens.dispose();
  }
}

/** Share of the masks that give a pixel its most frequent class, 0..255. */
export function agreementOf(masks: readonly Uint8Array[], classes: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(masks[0]?.length ?? 0);
  const votes = new Uint16Array(classes);
  for (let i = 0; i < out.length; i++) {
    votes.fill(0);
    let most = 0;
    for (const mask of masks) most = Math.max(most, ++votes[mask[i]!]!);
    out[i] = Math.round((255 * most) / masks.length);
  }
  return out;
}

export interface DrawOptions {
  readonly count?: number | undefined;
  readonly temperature?: number | undefined;
  readonly topK?: number | undefined;
  readonly seed?: number | undefined;
}

/** Several plausible masks of a picture. */
export async function drawSamples(
  pixels: Pixels,
  model: OpenModel,
  correction: Correction | undefined,
  options: DrawOptions,
  { signal, progress }: CallContext,
): Promise<SampleResult> {
  const { width, height } = pixels;
  if (width * height > wholePixels)
    throw new RangeError(
      `sample: expected a picture of at most ${(wholePixels / 1e6).toFixed(1)} megapixels, got ${width} × ${height}. Make it smaller first.`,
    );
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const input = toTensor(pixels, { x: 0, y: 0, w: width, h: height });
  const image = tf.tidy(() => tf.squeeze(input, [0]) as tf.Tensor3D);
  const samples = await model.segmenter
    .sample(image, { ...given, signal, onProgress: progress })
    .finally(() => tf.dispose([input, image]));
  try {
    const masks: Uint8Array[] = [];
    const maskiges: Uint8ClampedArray<ArrayBuffer>[] = [];
    const K = model.runtime.config.classes.length;
    for (let i = 0; i < samples.count; i++) {
      const { data } = await samples.maskige(i);
      maskiges.push(toRgba(data));
      masks.push(
        correction
          ? await fromMaskige(Float32Array.from(data), [height, width], model, correction, K)
          : ((await samples.labels(i)).data as Uint8Array),
      );
    }
    return { width, height, masks, maskiges, agreement: agreementOf(masks, K) };
  } finally {
    samples.dispose();
  }
}

/** Labels of a maskige's bytes by the corrected inverse. */
const fromMaskige = async (
  bytes: Float32Array,
  [height, width]: readonly [number, number],
  model: OpenModel,
  correction: Correction,
  K: number,
): Promise<Uint8Array> =>
  (
    await readLabels(() => {
      const maskige = tf.div(tf.tensor4d(bytes, [1, height, width, 3]), 255) as tf.Tensor4D;
      return tf.argMax(logitsOf(maskige, model, correction), 3) as tf.Tensor3D;
    }, K)
  ).data as Uint8Array;
