import { openTokenizer, type TokenizerParams, tokenizerSpec } from '@gss/segmenter';
import { initParams } from '@gss/tensor';
import { adamW } from '@gss/train';
import { dvaeLoss, dvaeSchedule, dvaeVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import type { DvaeTrainConfig } from '../../config/schema.js';
import { type FamilyContext, type TokenizerTraining, watchTokens } from './training.js';

type Spec = ReturnType<typeof tokenizerSpec<'dvae'>>;

/** The same with a code table of σ = 1; the old table is disposed. */
function withUnitCodes(params: TokenizerParams<'dvae'>): TokenizerParams<'dvae'> {
  const { decoder } = params;
  const { input } = decoder.blocks;
  const w = tf.tidy(() => tf.mul(input.w, Math.sqrt(input.w.shape[2])) as tf.Tensor4D);
  input.w.dispose();
  return { ...params, decoder: { blocks: { ...decoder.blocks, input: { ...input, w } } } };
}

/** DALL·E's dVAE: the relaxed ELBO with logit-Laplace likelihood, temperature and KL weight on their schedules. */
export function dvaeTraining(options: DvaeTrainConfig, context: FamilyContext): TokenizerTraining<Spec> {
  const { codec, images, rng, steps } = context;
  const variant = dvaeVariants[options.variant];
  const config = { ...variant, channels: codec.channels, vocabulary: options.codes ?? variant.vocabulary };
  const tokenizer = { type: 'dvae', config, input: options.input } as const;
  const spec = tokenizerSpec(tokenizer);
  return {
    tokenizer,
    spec,
    part: (params) => params,
    init: () => {
      const params = initParams(spec, rng.fork('init'));
      return options.codeTable === 'unit' ? withUnitCodes(params) : params;
    },
    optimizer: adamW({ weightDecay: options.weightDecay }),
    loss: (params, batch, training, step) => {
      const { temperature, klWeight } = dvaeSchedule(step, steps, options);
      const { loss, parts } = dvaeLoss(images(batch), params, config, { temperature, klWeight, rng: training.rng });
      return { loss, logs: { ...parts, temperature: tf.scalar(temperature), kl_weight: tf.scalar(klWeight) } };
    },
    watch: watchTokens((params: TokenizerParams<'dvae'>) => openTokenizer(tokenizer, params), context),
  };
}
