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
import { type VqganConfig, vqganDownsample } from './config.js';
import { type VqganParams, vqganLatent, vqganReconstruction } from './model.js';

/** VQGAN behind the common interface, images in [0, 1]; `params` stay the caller's. */
export function vqganTokenizer(
  config: VqganConfig,
  params: VqganParams,
  { checkTokens: read = true }: TokenizerOptions = {},
): Tokenizer {
  const downsample = vqganDownsample(config);
  const codebook = params.quantize.embedding.weight;
  const decodeVectors = (vectors: tf.Tensor4D): tf.Tensor4D => {
    const output = vqganReconstruction(vectors, params, config.groups);
    if (config.output === 'logits') return tf.sigmoid(output);
    return tf.clipByValue(tf.mul(tf.add(output, 1), 0.5) as tf.Tensor4D, 0, 1);
  };
  return {
    downsample,
    vocabulary: config.codes,
    encode(image) {
      checkImage('vqganTokenizer.encode', image, config.channels);
      return tf.tidy(() => {
        const signed = tf.sub(tf.mul(padToMultiple(image, downsample), 2), 1) as tf.Tensor4D;
        return nearestCode(vqganLatent(signed, params, config.groups), codebook);
      });
    },
    decode(tokens) {
      checkTokens('vqganTokenizer.decode', tokens, config.codes, read);
      return tf.tidy(() => decodeVectors(lookUp(codebook, tokens)));
    },
    decodeProbabilities(probabilities) {
      checkProbabilities('vqganTokenizer.decodeProbabilities', probabilities, config.codes);
      return tf.tidy(() => decodeVectors(expectedRow(codebook, probabilities)));
    },
  };
}
