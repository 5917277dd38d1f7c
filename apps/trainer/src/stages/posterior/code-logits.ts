import type { CodeLogits } from '@gss/posterior';
import type { TokenizerConfig, TokenizerParams } from '@gss/segmenter';
import {
  type CompactParams,
  compactEncoder,
  type DvaeParams,
  dvaeDownsample,
  dvaeEncoder,
  mapPixels,
  padToMultiple,
  type VqganParams,
  vqganDownsample,
  vqganLatent,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../../cli/errors.js';

/** −‖z − e‖² / τ up to a constant of z: [B, h, w, D] and [V, D] → [B, h, w, V]. */
function nearness(z: tf.Tensor4D, codebook: tf.Tensor2D, temperature: number): tf.Tensor4D {
  const [B, h, w, D] = z.shape;
  const products = tf.matMul(tf.reshape(z, [-1, D]) as tf.Tensor2D, tf.transpose(codebook) as tf.Tensor2D);
  const halfNorms = tf.mul(tf.sum(tf.square(codebook), 1), 0.5);
  return tf.reshape(tf.mul(tf.sub(products, halfNorms), 2 / temperature), [B, h, w, codebook.shape[0]]);
}

/** Whether a tokenizer's encoder says probabilities of codes; the others take the nearest. */
export const saysProbabilities = ({ type }: TokenizerConfig): boolean => type === 'dvae';

/**
 * Log-odds of the codes of an image, differentiable in the image: the dVAE's own, for the others −distance² / `temperature`.
 * Their arg max is the tokenizer's token.
 */
export function codeLogits(tokenizer: TokenizerConfig, params: TokenizerParams, temperature: number): CodeLogits {
  switch (tokenizer.type) {
    case 'compact': {
      const { config } = tokenizer;
      const p = params as CompactParams;
      if ((config.groups ?? 1) > 1)
        throw new UsageError('posterior: product codes have no joint log-odds. Take a tokenizer with groups = 1.');
      return (image) =>
        tf.tidy(() =>
          nearness(compactEncoder(padToMultiple(image, config.downsample), p.encoder, config), p.codebook, temperature),
        );
    }
    case 'dvae': {
      const { config } = tokenizer;
      const p = params as DvaeParams;
      return (image) => dvaeEncoder(mapPixels(padToMultiple(image, dvaeDownsample)) as tf.Tensor4D, p.encoder, config);
    }
    case 'vqgan': {
      const { config } = tokenizer;
      const p = params as VqganParams;
      const signed = (image: tf.Tensor4D) =>
        tf.sub(tf.mul(padToMultiple(image, vqganDownsample(config)), 2), 1) as tf.Tensor4D;
      return (image) =>
        tf.tidy(() => nearness(vqganLatent(signed(image), p, config.groups), p.quantize.embedding.weight, temperature));
    }
    case 'uvim':
      throw new UsageError(
        'posterior: UViM reads the photo beside the mask, so its codes are no function of a palette alone. tf and tt take compact, dvae and vqgan.',
      );
  }
}
