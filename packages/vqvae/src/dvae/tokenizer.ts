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
import { dvaeEncoderSpec } from './encoder.js';
import { dvaeImage, mapPixels } from './pixels.js';
import { cut, dvaeDecoderTiled, dvaeEncoderTiled, dvaeTilesFor, type Region } from './tiles.js';

/** Both halves: `encoder.blocks…` and `decoder.blocks…`. */
export const dvaeSpec = (config: DvaeConfig) => ({
  encoder: dvaeEncoderSpec(config),
  decoder: dvaeDecoderSpec(config),
});
export type DvaeParams = ParamsOf<ReturnType<typeof dvaeSpec>>;

/** f of parts of the batch. */
function inBatches<X extends tf.Tensor, Y extends tf.Tensor>(x: X, most: number, f: (part: X) => Y): Y {
  const B = x.shape[0]!;
  if (B <= most) return f(x);
  const parts = Array.from({ length: Math.ceil(B / most) }, (_, i) => {
    const size = [Math.min(most, B - i * most), ...x.shape.slice(1)];
    return tf.tidy(() => f(tf.slice(x, [i * most, ...size.slice(1).fill(0)], size) as X));
  });
  return tf.concat(parts, 0) as Y;
}

/** DALL·E's dVAE behind the common interface; `params` stay the caller's. */
export function dvaeTokenizer(
  config: DvaeConfig,
  params: DvaeParams,
  { checkTokens: read = true, memory = 2 ** 30 }: TokenizerOptions = {},
): Tokenizer {
  const { vocabulary } = config;
  const decodeWith = (embedded: tf.Tensor4D): tf.Tensor4D => {
    const [, h, w] = embedded.shape;
    const { decode, batch } = dvaeTilesFor(config, [h * dvaeDownsample, w * dvaeDownsample], memory);
    return inBatches(embedded, batch, (part) => {
      const embed = (region: Region) => cut(part, [0, 0], region);
      return dvaeDecoderTiled(embed, [h, w], params.decoder, config, decode, dvaeImage);
    });
  };
  return {
    downsample: dvaeDownsample,
    vocabulary,
    encode(image) {
      checkImage('dvaeTokenizer.encode', image, config.channels);
      return tf.tidy(() => {
        const mapped = mapPixels(padToMultiple(image, dvaeDownsample));
        const { encode, batch } = dvaeTilesFor(config, [mapped.shape[1], mapped.shape[2]], memory);
        const tokens = (logits: tf.Tensor4D) => tf.argMax(logits, 3) as tf.Tensor3D;
        return inBatches(mapped, batch, (part) => dvaeEncoderTiled(part, params.encoder, config, encode, tokens));
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
