import type { ParamsOf } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import {
  checkImage,
  checkProbabilities,
  checkTokens,
  padToMultiple,
  type Tokenizer,
  type TokenizerOptions,
} from '../tokenizer.js';
import { type DvaeConfig, dvaeDownsample } from './config.js';
import { dvaeDecoderSpec, embedProbabilities, embedTokens } from './decoder.js';
import { dvaeEncoder, dvaeEncoderSpec } from './encoder.js';
import { dvaeImage, mapPixels } from './pixels.js';
import { decodeTileFor, dvaeDecoderTiled } from './tiles.js';

/** Both halves: `encoder.blocks…` and `decoder.blocks…`. */
export const dvaeSpec = (config: DvaeConfig) => ({
  encoder: dvaeEncoderSpec(config),
  decoder: dvaeDecoderSpec(config),
});
export type DvaeParams = ParamsOf<ReturnType<typeof dvaeSpec>>;

export interface DvaeTokenizerOptions extends TokenizerOptions {
  /** Bytes that the maps of one tile may take while decoding; larger images are decoded in tiles. Default 1 GiB. */
  readonly memory?: number;
}

/** DALL·E's dVAE behind the common interface; `params` stay the caller's. */
export function dvaeTokenizer(
  config: DvaeConfig,
  params: DvaeParams,
  { checkTokens: read = true, memory = 2 ** 30 }: DvaeTokenizerOptions = {},
): Tokenizer {
  const { vocabulary } = config;
  const decodeWith = (embedAll: tf.Tensor4D) => {
    const [B, h, w, C] = embedAll.shape;
    const part = (rows: { start: number; end: number }, columns: { start: number; end: number }) =>
      tf.slice(embedAll, [0, rows.start, columns.start, 0], [B, rows.end - rows.start, columns.end - columns.start, C]);
    const tile = decodeTileFor(config, B, memory);
    return dvaeDecoderTiled(part, [h, w], params.decoder, config, tile, dvaeImage);
  };
  return {
    downsample: dvaeDownsample,
    vocabulary,
    encode(image) {
      checkImage('dvaeTokenizer.encode', image, config.channels);
      return tf.tidy(() => {
        const padded = padToMultiple(image, dvaeDownsample);
        return tf.argMax(dvaeEncoder(mapPixels(padded), params.encoder, config), 3) as tf.Tensor3D;
      });
    },
    decode(tokens) {
      checkTokens('dvaeTokenizer.decode', tokens, vocabulary, read);
      return tf.tidy(() => decodeWith(embedTokens(tokens, params.decoder)));
    },
    decodeProbabilities(probabilities) {
      checkProbabilities('dvaeTokenizer.decodeProbabilities', probabilities, vocabulary);
      return tf.tidy(() => decodeWith(embedProbabilities(probabilities, params.decoder)));
    },
  };
}
