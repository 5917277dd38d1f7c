import type { Rng } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Tokens [B, h, w] with a share of them replaced by tokens from elsewhere in the batch: noise of the kind that a prior makes, codes
 * that do occur but not there. Deterministic in the generator.
 */
export function noisyTokens(tokens: tf.Tensor3D, share: number, rng: Rng): tf.Tensor3D {
  if (!(share >= 0 && share <= 1))
    throw new RangeError(`noisyTokens: expected a share of tokens in [0, 1], got ${share}.`);
  if (share === 0) return tf.clone(tokens);
  const N = tokens.size;
  const from = Int32Array.from({ length: N }, (_, i) => (rng.uniform() < share ? rng.int(N) : i));
  return tf.tidy(() => tf.reshape(tf.gather(tf.reshape(tokens, [N]), tf.tensor1d(from, 'int32')), tokens.shape));
}
