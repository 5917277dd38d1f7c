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

/** How `fromPrior` makes maskiges. */
export interface PriorNoise {
  readonly tokenNoise: number;
  /** The network runs in training mode, as the reference leaves it. */
  readonly moving: boolean;
}

/**
 * Maskiges decoded from the tokens that the prior predicts for the batch's photos (§3.3, appendix D iii), and what the inverse of the config
 * sees beside them: one forward pass without gradients.
 */
export function fromPrior(model: Omit<Runtime, 'params'>, { tokenNoise, moving }: PriorNoise): NoisySource {
  const { config } = model;
  return (batch, training, params) =>
    tf.tidy((): Noisy => {
      const image = imageTensor(batch);
      const [, H, W] = image.shape;
      const plain = {
        ...model,
        config: { ...config, inference: { mode: 'whole' } }, // crops have the network's size already
        params: { ...params, tokenizer: {} } as unknown as ModelParams,
      } satisfies Runtime;
      const moved = (): Question => {
        const { tokenLogits } = network(normalize(image, config), params!, config, training);
        const photo = config.ftw?.photo ? { photo: tf.div(image, 255) as tf.Tensor4D } : {};
        const size: [number, number] = [H, W];
        return { tokenLogits, size, original: size, sides: { ...photo, ...priorSides(tokenLogits, { size }, plain) } };
      };
      const question = moving ? moved() : ask(image, plain);
      const best = tf.argMax(question.tokenLogits, 3) as tf.Tensor3D;
      const tokens = tokenNoise ? noisyTokens(best, tokenNoise, noiseOf(training)) : best;
      return { maskige: decodeCodes(tokens, question, plain), sides: question.sides ?? {} };
    });
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
