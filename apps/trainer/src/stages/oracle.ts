import type { LabelMap, RgbImage } from '@gss/maskige';
import { addToConfusion, createConfusion, scores } from '@gss/metrics';
import { applyInverse, createMaskigeCodec, type MaskigeCodec, openTokenizer } from '@gss/segmenter';
import { disposeTree, resize, type Tree } from '@gss/tensor';
import { BackendError, freeMemory } from '@gss/tensor/node';
import { reconstruct, type Tokenizer } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../cli/command.js';
import { type OpenedData, sameClasses } from '../data/sources.js';
import { contextTensor, maskigeTensor, scaleLabels } from './batch.js';
import { type Evaluation, evaluateWith } from './evaluate.js';
import type { OpenedTokenizer } from './tokenizers/open.js';

/** An image that came back badly, with what is needed to show it. */
export interface WorstImage {
  readonly name: string;
  /** Over the classes that it shows or was given, 0–100. */
  readonly mIoU: number;
  readonly aAcc: number;
  readonly truth: LabelMap;
  readonly prediction: LabelMap;
  /** What went into the tokenizer and what came out, drawn. */
  readonly maskige: RgbImage;
  readonly reconstruction: RgbImage;
}

async function readPicture(make: () => tf.Tensor, { width, height }: LabelMap): Promise<RgbImage> {
  const tensor = tf.tidy(() => tf.mul(tf.clipByValue(make(), 0, 1), 255));
  const data = Uint8Array.from(await tensor.data(), Math.round);
  tensor.dispose();
  return { data, width, height };
}

interface Through {
  readonly codec: MaskigeCodec;
  /** 𝒳⁻¹: what the tokenizer wrote, and the photo [1, H, W, 3] in [0, 1], → classes [1, H, W]. */
  readonly classesOf: (output: tf.Tensor4D, photo: () => tf.Tensor4D) => tf.Tensor3D;
  readonly tokenizer: Tokenizer;
  readonly classes: number;
  readonly scale: number;
}

/**
 * mask → 𝒳 → Ê → D → 𝒳⁻¹ → mask of one sample, of any size: padded by its border to whole tokens, and cut again. With a
 * `scale` the mask is enlarged first and the decoded image shrunk, as the paper does to have d = 1/4 of an 8-fold tokenizer.
 */
async function throughTokenizer(
  sample: { readonly image: RgbImage; readonly labels: LabelMap; readonly name: string },
  { codec, classesOf, tokenizer, classes, scale }: Through,
) {
  const { width, height, data } = sample.labels;
  const images = Uint8Array.from(sample.image.data);
  const batch = { labels: Uint8Array.from(data), images, names: [sample.name], width, height };
  const made = tf.tidy(() => {
    const read = maskigeTensor(scaleLabels(batch, scale), codec, classes);
    const size = [read.shape[1], read.shape[2]] as const;
    const context = tokenizer.needsContext ? resize(contextTensor(batch), size) : undefined;
    const output = resize(reconstruct(tokenizer, read, context), [height, width]);
    return {
      input: maskigeTensor(batch, codec, classes),
      output,
      found: classesOf(output, () => contextTensor(batch)),
    };
  });
  const prediction = { data: Uint8Array.from(await made.found.data()), width, height };
  return { prediction, ...made, dispose: () => tf.dispose([made.input, made.output, made.found]) };
}

/** Figures of one image. */
function judge(truth: LabelMap, prediction: LabelMap, classes: number) {
  const { mIoU, aAcc } = scores(addToConfusion(createConfusion(classes), prediction.data, truth.data, { ignore: 255 }));
  return { mIoU, aAcc };
}

export interface OracleOptions {
  /** How many of the worst images to keep. Default 0. */
  readonly worst?: number;
  /** Enlarges masks before they are coded. Default 1. */
  readonly scale?: number;
}

/**
 * What the dVAE's tiles may take: half of the free memory, or the default of 1 GiB on a GPU, which does not tell. Only here:
 * a training takes the same tiles on every machine.
 */
function mapMemory(): { memory?: number } {
  try {
    return { memory: freeMemory().bytes };
  } catch (error) {
    if (error instanceof BackendError) return {};
    throw error;
  }
}

/**
 * The oracle: how good a model could be at best with this tokenizer, were its prior never wrong. Keeps the `worst` images
 * by their own mIoU, worst first; images without a labelled pixel are never among them.
 */
export async function evaluateTokenizer(
  { config, params, inverse, where }: OpenedTokenizer,
  data: OpenedData,
  context: Context,
  { worst = 0, scale = 1 }: OracleOptions = {},
): Promise<{ readonly evaluation: Evaluation; readonly worst: readonly WorstImage[] }> {
  sameClasses(config.classes, data.classes, where);
  const codec = createMaskigeCodec(config, config.tokenizer.input);
  const tokenizer = openTokenizer(config.tokenizer, params, { checkTokens: false, ...mapMemory() });
  const classes = config.classes.length;
  const kept: WorstImage[] = [];
  const classesOf: Through['classesOf'] = (output, photo) => {
    if (!inverse) return codec.classes(output);
    // Of a mask that is its own prior, the expected maskige is the maskige, and its classes are certain.
    const marginal = () =>
      tf.cast(tf.oneHot(tf.cast(codec.classes(output), 'int32'), classes), 'float32') as tf.Tensor4D;
    const sides = {
      soft: output,
      ...(config.ftw?.photo ? { photo: photo() } : {}),
      ...(config.ftw?.marginal ? { marginal: marginal() } : {}),
    };
    return tf.argMax(applyInverse(output, inverse, config, sides), 3) as tf.Tensor3D;
  };
  try {
    const evaluation = await evaluateWith(
      data.dataset,
      config.classes,
      async (i) => {
        const sample = await data.dataset.read(i);
        const { labels: truth, name } = sample;
        const { prediction, input, output, dispose } = await throughTokenizer(sample, {
          codec,
          classesOf,
          tokenizer,
          classes,
          scale,
        });
        const own = worst ? judge(truth, prediction, classes) : { mIoU: Number.NaN, aAcc: 0 };
        const limit = kept[worst - 1]?.mIoU ?? Number.POSITIVE_INFINITY;
        if (own.mIoU < limit) {
          const maskige = await readPicture(() => codec.picture(input), truth);
          const reconstruction = await readPicture(() => codec.picture(output), truth);
          kept.push({ name, ...own, truth, prediction, maskige, reconstruction });
          kept.sort((a, b) => a.mIoU - b.mIoU);
          kept.length = Math.min(kept.length, worst);
        }
        dispose();
        return { prediction, truth };
      },
      context,
    );
    return { evaluation, worst: kept };
  } finally {
    codec.dispose();
    disposeTree(params as Tree<tf.Tensor>);
    if (inverse) disposeTree(inverse as Tree<tf.Tensor>);
  }
}
