import type { TokenizerConfig, TokenizerParams } from '@gss/segmenter';
import type { CompactParams, DvaeParams, VqganParams } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../cli/errors.js';

/**
 * The vector that a tokenizer's decoder reads for each of its codes, [V, D]: what two codes differ by. A tensor of the caller's.
 * @throws UsageError for tokenizers whose codes have no vector of their own
 */
export function codeVectors({ type, config }: TokenizerConfig, params: TokenizerParams): tf.Tensor2D {
  const copy = (table: tf.Tensor2D) => tf.tidy(() => tf.clone(table));
  switch (type) {
    case 'compact':
      if ((config.groups ?? 1) > 1)
        throw new UsageError('prior.tokenSmoothing: product codes are too many. Take a tokenizer with groups = 1.');
      return copy((params as CompactParams).codebook);
    case 'dvae': {
      const { w } = (params as DvaeParams).decoder.blocks.input;
      return tf.tidy(() => tf.reshape(w, [w.shape[2], w.shape[3]]));
    }
    case 'vqgan':
      return copy((params as VqganParams).quantize.embedding.weight);
    case 'uvim':
      throw new UsageError('prior.tokenSmoothing: it takes compact, dvae and vqgan tokenizers, this one is a uvim.');
  }
}
