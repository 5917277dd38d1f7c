import { openTokenizer, type TokenizerParams, tokenizerSpec } from '@gss/segmenter';
import { initParams } from '@gss/tensor';
import { adamW } from '@gss/train';
import { codeDropout, toPatches, toTiles, updateDictionary, uvimContext, uvimLoss, uvimVariants } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import type { UvimTrainConfig } from '../../config/schema.js';
import { type FamilyContext, type TokenizerTraining, watchTokens } from './training.js';

type Spec = ReturnType<typeof tokenizerSpec<'uvim'>>;

/**
 * UViM's stage I: an autoencoder with the photo as side input, code dropout, and a codebook of moving averages. With a
 * maskige (which the paper's row has not) it gives three pixel values and learns by squared error.
 */
export function uvimTraining(options: UvimTrainConfig, context: FamilyContext): TokenizerTraining<Spec> {
  const { codec, images, photos, rng } = context;
  const variant = uvimVariants[options.variant];
  const pixels = options.input === 'maskige' ? ({ output: 'pixels' } as const) : {};
  const config = { ...variant, ...pixels, classes: codec.channels, codes: options.codes ?? variant.codes };
  const tokenizer = { type: 'uvim', config, input: options.input } as const;
  const spec = tokenizerSpec(tokenizer);
  const [size] = config.inputSize;
  let seen: { readonly bottleneck: tf.Tensor; readonly code: tf.Tensor } | undefined;

  /** One step of the moving averages on what the last loss saw. */
  const moveCodes = async (params: TokenizerParams<'uvim'>, step: number) => {
    if (!seen) return params;
    const { dictionary, counts } = params.state;
    const [sums, totals, vectors, codes] = await Promise.all(
      [dictionary, counts, seen.bottleneck, seen.code].map((tensor) => tensor.data()),
    );
    const state = { dictionary: sums as Float32Array, counts: totals as Float32Array };
    const draws = rng.fork(`split/${step}`);
    const next = updateDictionary(state, vectors as Float32Array, codes!, draws, { momentum: options.momentum });
    const moved = {
      dictionary: tf.tensor2d(next.dictionary, dictionary.shape),
      counts: tf.tensor1d(next.counts),
    };
    tf.dispose([dictionary, counts, seen.bottleneck, seen.code]);
    seen = undefined;
    return { ...params, state: moved };
  };

  return {
    tokenizer,
    spec,
    part: (params) => params,
    init: () => initParams(spec, rng.fork('init')),
    optimizer: adamW({ weightDecay: options.weightDecay }),
    loss: (params, batch, training) => {
      const patches = toPatches(toTiles(images(batch), size), config.patchSize);
      const image = uvimContext(toTiles(photos(batch), size));
      const { codeDropout: kind, commitment } = options;
      const hidden =
        kind === 'none'
          ? {}
          : { mask: codeDropout(patches.shape[0], config.codeLength, kind, training.rng.fork('codes')) };
      const { loss, parts, bottleneck, code } = uvimLoss(patches, params, config, { image, commitment, ...hidden });
      seen = { bottleneck: tf.keep(bottleneck.clone()), code: tf.keep(code.clone()) };
      return { loss, logs: { ...parts } };
    },
    afterStep: moveCodes,
    watch: watchTokens((params: TokenizerParams<'uvim'>) => openTokenizer(tokenizer, params), context),
    dispose: () => {
      if (seen) tf.dispose([seen.bottleneck, seen.code]);
    },
  };
}
