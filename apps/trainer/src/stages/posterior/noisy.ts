import { type InverseSides, noisyTokens } from '@gss/posterior';
import {
  ask,
  decodeCodes,
  type MaskigeCodec,
  type ModelParams,
  type NetworkParams,
  network,
  normalize,
  priorSides,
  type Question,
  type Runtime,
} from '@gss/segmenter';
import { type Rng, resize, type Training } from '@gss/tensor';
import type { Batch } from '@gss/train/node';
import type { Tokenizer } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { contextTensor, imageTensor, maskigeTensor, scaleLabels } from '../batch.js';

/** x̂ of a batch at the size of its labels, [B, H, W, 3] in [0, 1], and what the inverse may see beside it. */
export type Noisy = { readonly maskige: tf.Tensor4D; readonly sides: NonNullable<Question['sides']> };

/** Makes what the inverse trains on. `network` are the frozen parameters, whose statistics `moving` lets move. */
export type NoisySource = (batch: Batch, training: Training, network: NetworkParams | undefined) => Noisy;

const noiseOf = (training: Training): Rng => training.rng.fork('token-noise');

/** A model without its parameters: what draws and reads maskiges once the prior has answered. */
export type Reader = Omit<Runtime, 'params'>;

/** The reader of crops, which have the network's size already. */
const ofCrops = (model: Reader): Reader => ({ ...model, config: { ...model.config, inference: { mode: 'whole' } } });

/** Images [B, H, W, 3] in 0..255 and the prior's answer to them, with what the inverse of the config sees beside a maskige. */
function answered(image: tf.Tensor4D, tokenLogits: tf.Tensor4D, model: Reader): Question {
  const [, H, W] = image.shape;
  const size: [number, number] = [H, W];
  const photo = model.config.ftw?.photo ? { photo: tf.div(image, 255) as tf.Tensor4D } : {};
  return { tokenLogits, size, original: size, sides: { ...photo, ...priorSides(tokenLogits, { size }, model) } };
}

/** How maskiges are made of a prior's answer. */
export interface PriorNoise {
  readonly tokenNoise: number;
  /** The network runs in training mode, as the reference leaves it. */
  readonly moving: boolean;
}

function draw(question: Question, model: Reader, tokenNoise: number, training: Training): tf.Tensor4D {
  const best = tf.argMax(question.tokenLogits, 3) as tf.Tensor3D;
  const tokens = tokenNoise ? noisyTokens(best, tokenNoise, noiseOf(training)) : best;
  return decodeCodes(tokens, question, model);
}

/**
 * Maskiges decoded from the tokens that the prior predicts for the batch's photos (§3.3, appendix D iii), and what the inverse of the config
 * sees beside them: one forward pass without gradients.
 */
export function fromPrior(model: Reader, { tokenNoise, moving }: PriorNoise): NoisySource {
  const reader = ofCrops(model);
  const { config } = reader;
  return (batch, training, params) =>
    tf.tidy((): Noisy => {
      const image = imageTensor(batch);
      const plain = { ...reader, params: { ...params, tokenizer: {} } as unknown as ModelParams } satisfies Runtime;
      const question = moving
        ? answered(image, network(normalize(image, config), params!, config, training).tokenLogits, reader)
        : ask(image, plain);
      return { maskige: draw(question, reader, tokenNoise, training), sides: question.sides ?? {} };
    });
}

/**
 * The same of an answer that gradients go back through: those of p(c|x) and of the soft maskige do. The maskige's own do not, since its
 * tokens were chosen.
 */
export function fromAnswer(model: Reader, tokenNoise: number) {
  const reader = ofCrops(model);
  return (image: tf.Tensor4D, tokenLogits: tf.Tensor4D, training: Training): Noisy => {
    const question = answered(image, tokenLogits, reader);
    const drawn = tf.customGrad((...args) => {
      const [logits] = args as unknown as [tf.Tensor4D];
      const value = draw({ ...question, tokenLogits: logits }, reader, tokenNoise, training);
      const shape = logits.shape;
      return { value, gradFunc: () => tf.zeros(shape) };
    });
    return { maskige: drawn(tokenLogits) as tf.Tensor4D, sides: question.sides ?? {} };
  };
}

/** How `fromTokenizer` makes maskiges. */
export interface TokenizerNoise {
  readonly tokenNoise: number;
  readonly photo: boolean;
  /** Masks are enlarged by it before they are coded. */
  readonly enlarge: number;
}

/** Maskiges of the true labels through the tokenizer, their tokens disturbed: what there is before any prior. */
export function fromTokenizer(
  tokenizer: Tokenizer,
  codec: MaskigeCodec,
  classes: number,
  { tokenNoise, photo, enlarge }: TokenizerNoise,
): NoisySource {
  return (batch, training) =>
    tf.tidy((): Noisy => {
      const read = maskigeTensor(scaleLabels(batch, enlarge), codec, classes);
      const [, H, W] = read.shape;
      const context = tokenizer.needsContext ? resize(contextTensor(batch), [H, W]) : undefined;
      const tokens = noisyTokens(tokenizer.encode(read, context), tokenNoise, noiseOf(training));
      const decoded = tf.slice(
        tokenizer.decode(tokens, context),
        [0, 0, 0, 0],
        [read.shape[0], H, W, -1],
      ) as tf.Tensor4D;
      const sides: InverseSides = photo ? { photo: contextTensor(batch) } : {};
      return { maskige: resize(decoded, [batch.height, batch.width]), sides: sides as Noisy['sides'] };
    });
}
