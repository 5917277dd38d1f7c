import type { Batch } from '@gss/train/node';
import {
  codebookUsage,
  countTokens,
  nearestCode,
  restartDeadCodes,
  type VqganConfig,
  type VqganParams,
  vqganLatent,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { type FamilyContext, joined } from './training.js';

interface Sources extends Pick<FamilyContext, 'probe' | 'rng'> {
  /** What the encoder reads of a batch, in [−1, 1]. */
  readonly signed: (batch: Batch) => tf.Tensor4D;
}

/**
 * Help for VQGAN's codebook that the reference has not: its random start, ±1/codes, leaves all but a few codes unused for
 * the first thousands of steps, which is more than a small run has.
 */
export function vqganCodebook(config: VqganConfig, { signed, probe, rng }: Sources) {
  const { codes, codeDim } = config;

  /** What the encoder gives before quantisation, and how often each code is the nearest. */
  const latents = async (params: VqganParams, batches: readonly Batch[]) => {
    const counts = new Float64Array(codes);
    const parts: Float32Array[] = [];
    for (const batch of batches) {
      const { z, found } = tf.tidy(() => {
        const z = vqganLatent(signed(batch), params, config.groups);
        return { z, found: nearestCode(z, params.quantize.embedding.weight) };
      });
      parts.push((await z.data()) as Float32Array);
      countTokens(counts, await found.data());
      tf.dispose([z, found]);
    }
    return { vectors: joined(parts), counts };
  };

  /** The codebook with `dead` codes on latents that the others serve worst (k-means++). */
  const replaced = async (params: VqganParams, dead: readonly number[], vectors: Float32Array, label: string) => {
    const codebook = (await params.quantize.embedding.weight.data()) as Float32Array;
    const next = restartDeadCodes(codebook, dead, { vectors, dim: codeDim }, rng.fork(label));
    return tf.tensor2d(next.codebook, [codes, codeDim]);
  };

  return {
    /** Fresh parameters whose every code lies on a latent of some batches; the old codebook is disposed. */
    async seed(params: VqganParams, batches: number): Promise<VqganParams> {
      const { vectors } = await latents(params, await probe(batches, 0));
      const all = Array.from({ length: codes }, (_, i) => i);
      const weight = await replaced(params, all, vectors, 'seed');
      params.quantize.embedding.weight.dispose();
      return { ...params, quantize: { embedding: { weight } } };
    },
    /** Moves the codes that four batches do not use. `params` are variables. */
    async restart(params: VqganParams, step: number): Promise<void> {
      const { vectors, counts } = await latents(params, await probe(4, step));
      const next = await replaced(params, codebookUsage(counts).dead, vectors, `restart/${step}`);
      (params.quantize.embedding.weight as tf.Variable<tf.Rank.R2>).assign(next);
      next.dispose();
    },
  };
}
