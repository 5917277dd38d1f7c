import { ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import {
  checkProbabilities,
  checkTokens,
  expectedRow,
  lookUp,
  type Tokenizer,
  type TokenizerOptions,
} from '../tokenizer.js';
import { fromPatches, toPatches } from './grid.js';
import {
  codeSide,
  codewords,
  type UvimConfig,
  type UvimParams,
  uvimDecoder,
  uvimEncoder,
  uvimQuantize,
} from './stage1.js';

export interface UvimTokenizerOptions extends TokenizerOptions {
  /** The images that the maps are of, [B, H, W, 3]; needed where the config says so. It stays the caller's. */
  readonly image?: tf.Tensor4D;
}

/**
 * UViM behind the common interface: one-hot maps, [B, H, W, K] of exactly `inputSize`, and back to class probabilities. The
 * guiding code is laid on its square grid, [B, side, side]; with a side image the tokenizer is made for that batch.
 */
export function uvimTokenizer(
  config: UvimConfig,
  params: UvimParams,
  { checkTokens: read = true, image }: UvimTokenizerOptions = {},
): Tokenizer {
  const side = codeSide(config);
  const [H, W] = config.inputSize;
  if (side * side !== config.codeLength) {
    throw new RangeError(`uvimTokenizer: a code of ${config.codeLength} tokens is no square. Use uvimEncoder itself.`);
  }
  const decodeVectors = (vectors: tf.Tensor4D): tf.Tensor4D => {
    const [B, , , D] = vectors.shape;
    const logits = uvimDecoder(tf.reshape(vectors, [B, side * side, D]), params, config, image);
    return tf.softmax(fromPatches(logits, config.inputSize, config.patchSize));
  };
  return {
    downsample: H / side,
    vocabulary: config.codes,
    encode(map) {
      const expected = [H, W, config.classes];
      if (map.rank !== 4 || map.shape.slice(1).join() !== expected.join()) {
        throw new ShapeError('uvimTokenizer.encode', `[B, ${expected.join(', ')}]`, map.shape, 'Resize the map to it.');
      }
      return tf.tidy(() => {
        const bottleneck = uvimEncoder(toPatches(map, config.patchSize), params, config, image);
        return tf.reshape(uvimQuantize(bottleneck, params).code, [map.shape[0], side, side]) as tf.Tensor3D;
      });
    },
    decode(tokens) {
      checkTokens('uvimTokenizer.decode', tokens, config.codes, read);
      return tf.tidy(() => decodeVectors(lookUp(codewords(params.state), tokens)));
    },
    decodeProbabilities(probabilities) {
      checkProbabilities('uvimTokenizer.decodeProbabilities', probabilities, config.codes);
      return tf.tidy(() => decodeVectors(expectedRow(codewords(params.state), probabilities)));
    },
  };
}
