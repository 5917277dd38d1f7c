import { readSafetensors } from '@gss/checkpoint/node';
import { openTokenizer, tokenizerSpec } from '@gss/segmenter';
import { disposeTree, initParams, loadParams, type ParamsOf, type Tree } from '@gss/tensor';
import { adamW, type Schedule } from '@gss/train';
import type { Batch } from '@gss/train/node';
import {
  discriminatorLoss,
  discriminatorSpec,
  fromTorchvisionVgg,
  type LpipsParams,
  lpipsSpec,
  type VqganConfig,
  type VqganLossConfig,
  vqganAdaptiveWeight,
  vqganFake,
  vqganLoss,
  vqganVariants,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import type { VqganTrainConfig } from '../../config/schema.js';
import { type FamilyContext, type TokenizerTraining, watchTokens } from './training.js';
import { vqganCodebook } from './vqgan-codebook.js';

/** The tokenizer, and beside it the adversary, which only training needs. */
const vqganTrainingSpec = (
  config: VqganConfig,
  discriminator: { readonly width: number; readonly layers: number },
) => ({
  tokenizer: tokenizerSpec({ type: 'vqgan', config }),
  discriminator: discriminatorSpec({ channels: config.channels, ...discriminator }),
});
type Spec = ReturnType<typeof vqganTrainingSpec>;

/** LPIPS from a user's files. */
async function readLpips({ vgg, lins }: { readonly vgg: string; readonly lins: string }): Promise<LpipsParams> {
  const weights = fromTorchvisionVgg(await readSafetensors(vgg), await readSafetensors(lins));
  return loadParams(`LPIPS (${vgg}, ${lins})`, lpipsSpec(), weights);
}

/**
 * VQGAN as taming-transformers trains it: reconstruction (+ LPIPS) and the quantiser's loss; from `discriminator.start` on
 * the adversarial term by its adaptive weight, and after each of the generator's updates one of the discriminator.
 */
export function vqganTraining(
  options: VqganTrainConfig,
  schedule: Schedule,
  context: FamilyContext,
): TokenizerTraining<Spec> {
  const { codec, images, probe, rng, steps } = context;
  const { beta, legacy, perceptual, weightDecay, betas, discriminator, seedBatches, restartEvery } = options;
  const variant = vqganVariants[options.variant];
  const config: VqganConfig = {
    ...variant,
    channels: codec.channels,
    codes: options.codes ?? variant.codes,
    output: options.input === 'maskige' ? 'pixels' : 'logits',
  };
  const tokenizer = { type: 'vqgan', config, input: options.input } as const;
  const { width = 64, layers = 3, weight = 0, start = steps } = discriminator ?? {};
  const spec = vqganTrainingSpec(config, { width, layers });
  const loss: VqganLossConfig = {
    beta,
    legacy,
    discriminatorStart: start,
    discriminatorWeight: weight,
    ...(perceptual ? { perceptualWeight: perceptual.weight } : {}),
  };
  const signed = (batch: Batch) => tf.tidy(() => tf.sub(tf.mul(images(batch), 2), 1) as tf.Tensor4D);
  const adversarial = (step: number) => weight > 0 && step >= start;
  const adversaryOf = (params: ParamsOf<Spec>) => ({
    params: params.discriminator,
    config: { channels: config.channels, width, layers },
  });
  const codebook = vqganCodebook(config, { signed, probe, rng });
  let lpips: LpipsParams | undefined;
  /** λ of the running step, a constant to the gradient. */
  let adaptive: tf.Scalar | undefined;

  return {
    tokenizer,
    spec,
    part: ({ tokenizer }) => tokenizer,
    init: async () => {
      const params = initParams(spec, rng.fork('init'));
      return seedBatches ? { ...params, tokenizer: await codebook.seed(params.tokenizer, seedBatches) } : params;
    },
    afterStep: async (params, step) => {
      if (restartEvery && step % restartEvery === 0 && step <= 0.75 * steps)
        await codebook.restart(params.tokenizer, step);
      return params;
    },
    prepare: async (params, batch, training, step) => {
      if (perceptual && !lpips) lpips = await readLpips(perceptual);
      adaptive?.dispose();
      adaptive = undefined;
      if (!adversarial(step)) return;
      const adversary = adversaryOf(params);
      const known = { params: params.tokenizer, config, loss, step, adversary, training, ...(lpips ? { lpips } : {}) };
      adaptive = tf.tidy(() => vqganAdaptiveWeight({ images: signed(batch), ...known }));
    },
    optimizer: adamW({ weightDecay, betas }),
    loss: (params, batch, training, step) => {
      const against = adaptive ? { adversary: adversaryOf(params), training } : {};
      const known = { params: params.tokenizer, config, loss, step, ...against, ...(lpips ? { lpips } : {}) };
      const { loss: total, parts } = vqganLoss({ images: signed(batch), ...known }, adaptive ?? 0);
      return { loss: total, logs: { ...parts, ...(adaptive ? { adaptive } : {}) } };
    },
    further: [
      {
        name: 'discriminator',
        updates: (name) => name.startsWith('discriminator.'),
        runs: adversarial,
        optimizer: adamW({ weightDecay, betas }),
        schedule,
        loss: (params, batch, training, step) => {
          const real = signed(batch);
          const fake = vqganFake(real, params.tokenizer, config);
          return { loss: discriminatorLoss(real, fake, adversaryOf(params), loss, step, training) };
        },
      },
    ],
    watch: watchTokens((params: ParamsOf<Spec>) => openTokenizer(tokenizer, params.tokenizer), context),
    dispose: () => {
      adaptive?.dispose();
      if (lpips) disposeTree(lpips as Tree<tf.Tensor>);
    },
  };
}
