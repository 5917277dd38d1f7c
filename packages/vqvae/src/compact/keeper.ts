import type { Rng } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type CodebookUsage, codebookUsage, countTokens, createReservoir, restartDeadCodes } from '../codebook.js';
import type { CompactLoss } from './loss.js';

export interface KeeperOptions {
  /** Encoder outputs kept for restarts. Default 8192. */
  readonly capacity?: number;
  /** Share of the counts that one step keeps: 0.9 looks back about ten steps. Default 0.9. */
  readonly decay?: number;
  /** Decayed counts at or below this are dead codes. Default 0.5. */
  readonly threshold?: number;
}

/** Watches over a codebook in training: counts codes, samples encoder outputs, restarts dead codes. */
export interface CodebookKeeper {
  /** Notes one step's tokens and encoder outputs (`compactLoss` gives both; any of them [B, h, w] and [B, h, w, D]). */
  observe(step: Pick<CompactLoss, 'tokens' | 'z'>): Promise<void>;
  usage(): CodebookUsage;
  /** Places every code on observed encoder outputs: the start of a run, after one `observe`. Returns how many it placed. */
  seed(codebook: tf.Variable): Promise<number>;
  /** Restarts the dead codes. Returns how many. */
  restart(codebook: tf.Variable): Promise<number>;
}

/**
 * Counts which codes are used and restarts the dead ones on outputs of the encoder, of which it remembers `capacity`. Draws from `rng` alone.
 */
export function keepCodebook(
  { codes, codeDim }: { readonly codes: number; readonly codeDim: number },
  rng: Rng,
  { capacity = 8192, decay = 0.9, threshold = 0.5 }: KeeperOptions = {},
): CodebookKeeper {
  const counts = new Float64Array(codes);
  const reservoir = createReservoir(capacity, codeDim, rng.fork('reservoir'), 2 * capacity);
  const draws = rng.fork('restarts');
  const replace = async (codebook: tf.Variable, dead: readonly number[]): Promise<number> => {
    if (dead.length === 0) return 0;
    const next = restartDeadCodes((await codebook.data()) as Float32Array, dead, reservoir, draws);
    tf.tidy(() => codebook.assign(tf.tensor2d(next.codebook, [codes, codeDim])));
    // A restarted code gets a few steps to find its vectors before it can count as dead again.
    for (const code of next.restarted) counts[code] = 4 * threshold;
    return next.restarted.length;
  };
  return {
    async observe({ tokens, z }) {
      const [used, vectors] = await Promise.all([tokens.data(), z.data()]);
      countTokens(counts, used, decay);
      reservoir.add(vectors as Float32Array);
    },
    usage: () => codebookUsage(counts, threshold),
    seed: (codebook) =>
      replace(
        codebook,
        Array.from({ length: codes }, (_, code) => code),
      ),
    restart: (codebook) => replace(codebook, codebookUsage(counts, threshold).dead),
  };
}
