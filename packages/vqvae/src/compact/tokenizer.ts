import * as tf from '@tensorflow/tfjs-core';
import {
  checkImage,
  checkProbabilities,
  checkTokens,
  padToMultiple,
  type Tokenizer,
  type TokenizerOptions,
} from '../tokenizer.js';
import { type CompactConfig, type CompactParams, compactDecoder, compactEncoder } from './compact.js';
import { expectedProduct, nearestProduct, productVectors, vocabularyOf } from './product.js';

/** The compact tokenizer behind the common interface; `params` stay the caller's. */
export function compactTokenizer(
  config: CompactConfig,
  params: CompactParams,
  { checkTokens: read = true }: TokenizerOptions = {},
): Tokenizer {
  const downsample = config.downsample;
  const vocabulary = vocabularyOf(config);
  const decodeVectors = (z: tf.Tensor4D) => tf.clipByValue(compactDecoder(z, params.decoder, config), 0, 1);
  return {
    downsample,
    vocabulary,
    encode(image) {
      checkImage('compactTokenizer.encode', image, config.channels);
      return tf.tidy(() =>
        nearestProduct(
          compactEncoder(padToMultiple(image, downsample), params.encoder, config),
          params.codebook,
          config,
        ),
      );
    },
    decode(tokens) {
      checkTokens('compactTokenizer.decode', tokens, vocabulary, read);
      return tf.tidy(() => decodeVectors(productVectors(params.codebook, tokens, config)));
    },
    decodeProbabilities(probabilities) {
      checkProbabilities('compactTokenizer.decodeProbabilities', probabilities, vocabulary);
      return tf.tidy(() => decodeVectors(expectedProduct(params.codebook, probabilities, config)));
    },
  };
}
