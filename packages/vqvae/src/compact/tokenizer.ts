import * as tf from '@tensorflow/tfjs-core';
import { nearestCode } from '../quantize.js';
import {
  checkImage,
  checkProbabilities,
  checkTokens,
  expectedRow,
  lookUp,
  padToMultiple,
  type Tokenizer,
  type TokenizerOptions,
} from '../tokenizer.js';
import { type CompactConfig, type CompactParams, compactDecoder, compactEncoder } from './compact.js';

/** The compact tokenizer behind the common interface; `params` stay the caller's. */
export function compactTokenizer(
  config: CompactConfig,
  params: CompactParams,
  { checkTokens: read = true }: TokenizerOptions = {},
): Tokenizer {
  const downsample = config.downsample;
  const decodeVectors = (z: tf.Tensor4D) => tf.clipByValue(compactDecoder(z, params.decoder, config), 0, 1);
  return {
    downsample,
    vocabulary: config.codes,
    encode(image) {
      checkImage('compactTokenizer.encode', image, config.channels);
      return tf.tidy(() =>
        nearestCode(compactEncoder(padToMultiple(image, downsample), params.encoder, config), params.codebook),
      );
    },
    decode(tokens) {
      checkTokens('compactTokenizer.decode', tokens, config.codes, read);
      return tf.tidy(() => decodeVectors(lookUp(params.codebook, tokens)));
    },
    decodeProbabilities(probabilities) {
      checkProbabilities('compactTokenizer.decodeProbabilities', probabilities, config.codes);
      return tf.tidy(() => decodeVectors(expectedRow(params.codebook, probabilities)));
    },
  };
}
