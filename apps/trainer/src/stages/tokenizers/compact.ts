import { type TokenizerParams, tokenizerSpec } from '@gss/segmenter';
import { initParams } from '@gss/tensor';
import { adamW } from '@gss/train';
import type { Batch } from '@gss/train/node';
import {
  codebookUsage,
  compactEncoder,
  compactLoss,
  compactTokenizer,
  compactVariants,
  countTokens,
  nearestProduct,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import type { CompactTrainConfig } from '../../config/schema.js';
import { kMeansCodebook, squaresCodebook } from './codebook.js';
import { type FamilyContext, joined, reportUsage, type TokenizerTraining, watchTokens } from './training.js';

type Params = TokenizerParams<'compact'>;

/** The codes of group `g` that none of the tokens name, from the counts of whole tokens. */
function deadOf(g: number, counts: Float64Array, codes: number, groups: number): number[] {
  const used = new Uint8Array(codes);
  const below = codes ** (groups - 1 - g);
  counts.forEach((n, token) => {
    if (n > 0) used[Math.floor(token / below) % codes] = 1;
  });
  return [...used.keys()].filter((code) => !used[code]);
}

/** Ours: a codebook made of the data's own squares, or by k-means++; then, if wanted, gradient descent. */
export function compactTraining(
  options: CompactTrainConfig,
  context: FamilyContext,
): TokenizerTraining<ReturnType<typeof tokenizerSpec<'compact'>>> {
  const { codec, images, probe, rng, steps, note } = context;
  const variant = compactVariants[options.variant];
  const { groups } = options;
  const config = { ...variant, codes: options.codes ?? variant.codes, ...(groups > 1 ? { groups } : {}) };
  const tokenizer = { type: 'compact', config } as const;
  const spec = tokenizerSpec(tokenizer);

  /** Encoder outputs and tokens of some batches. */
  const encode = async (batches: readonly Batch[], params: Params) => {
    const vectors: Float32Array[] = [];
    const counts = new Float64Array(compactTokenizer(config, params).vocabulary);
    for (const batch of batches) {
      const { z, found } = tf.tidy(() => {
        const z = compactEncoder(images(batch), params.encoder, config);
        return { z, found: nearestProduct(z, params.codebook, config) };
      });
      vectors.push((await z.data()) as Float32Array);
      countTokens(counts, await found.data());
      tf.dispose([z, found]);
    }
    return { vectors: joined(vectors), counts };
  };

  const kMeans = options.codebook === 'k-means';
  const watch = watchTokens((params: Params) => compactTokenizer(config, params, { checkTokens: false }), context);
  return {
    tokenizer,
    spec,
    part: (params) => params,
    init: async () => {
      const params = initParams(spec, rng.fork('init'));
      let codebook: tf.Tensor2D;
      if (kMeans) {
        const { vectors } = await encode(await probe(options.seedBatches, 0), params);
        const all = Array.from({ length: config.codes }, (_, i) => i);
        codebook = await kMeansCodebook(params, config, () => all, vectors, rng.fork('seed'));
      } else {
        const found = await squaresCodebook(params, config, context);
        codebook = found.codebook;
        note(`codebook: ${found.codes} of the ${found.squares} different squares that the masks show`);
      }
      params.codebook.dispose();
      return { ...params, codebook };
    },
    optimizer: adamW({ weightDecay: options.weightDecay }),
    loss: (params, batch) => {
      const aware = options.classWeight
        ? { palette: codec.colours, classWeight: options.classWeight, temperature: options.classTemperature }
        : {};
      const { loss, parts } = compactLoss(images(batch), params, config, aware);
      return { loss, logs: { ...parts } };
    },
    watch,
    // Squares of the data that these few batches do not show are rare, not dead: only k-means codes are moved.
    afterStep: async (params, step, log) => {
      if (!kMeans || step % options.restartEvery !== 0) return params;
      const { vectors, counts } = await encode(await probe(4, step), params);
      reportUsage(codebookUsage(counts), step, log);
      if (step <= 0.75 * steps) {
        const dead = (g: number) => deadOf(g, counts, config.codes, groups);
        const next = await kMeansCodebook(params, config, dead, vectors, rng.fork(`restart/${step}`));
        (params.codebook as tf.Variable<tf.Rank.R2>).assign(next);
        next.dispose();
      }
      return params;
    },
  };
}
