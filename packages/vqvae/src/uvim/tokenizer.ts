import { ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
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
import { fromPatches, joinTiles, toPatches, toTiles } from './grid.js';
import {
  codeSide,
  codewords,
  type UvimConfig,
  type UvimParams,
  uvimDecoder,
  uvimEncoder,
  uvimQuantize,
} from './stage1.js';

/** Photos in [0, 1] → what the network takes, [−1, 1] as in the reference. */
export const uvimContext = (image: tf.Tensor4D): tf.Tensor4D => tf.tidy(() => tf.sub(tf.mul(image, 2), 1));

/** Side of the square that a code describes, and of the square grid of its tokens. Throws where either is no square. */
function squares(config: UvimConfig): { readonly size: number; readonly side: number } {
  const [size, width] = config.inputSize;
  const side = codeSide(config);
  if (side * side !== config.codeLength || size !== width || size % side) {
    throw new RangeError(
      `uvimTokenizer: a code of ${config.codeLength} tokens for ${size} × ${width} pixels is no square. Use uvimEncoder itself.`,
    );
  }
  return { size, side };
}

/**
 * UViM behind the common interface: one-hot maps, [B, H, W, K], and back to class probabilities. A code describes a square
 * of `inputSize`; larger maps are padded and coded square by square (the reference resizes every image to one square), so a
 * map of h × w tokens is a grid of squares of tokens. Where the config says so, `context` is the photo.
 */
export function uvimTokenizer(
  config: UvimConfig,
  params: UvimParams,
  { checkTokens: read = true }: TokenizerOptions = {},
): Tokenizer {
  const { size, side } = squares(config);
  const { classes, codes, inputSize, patchSize } = config;
  const needsContext = config.encoderContext || config.decoderContext;

  /** The photo's squares, for maps of [B, H, W], padded sides. */
  const contextTiles = (who: string, context: tf.Tensor4D | undefined, [B, H, W]: readonly number[]) => {
    if (!needsContext) return undefined;
    if (!context) throw new ShapeError(`uvimTokenizer.${who}`, `a side image [${B}, ${H}, ${W}, 3]`, 'none');
    checkImage(`uvimTokenizer.${who}`, context, 3);
    const padded = padToMultiple(context, size);
    if (padded.shape.join() !== [B, H, W, 3].join()) {
      const remedy = 'It must be the photo of the same pixels.';
      throw new ShapeError(`uvimTokenizer.${who}`, `a side image [${B}, ≤${H}, ≤${W}, 3]`, context.shape, remedy);
    }
    return toTiles(uvimContext(padded), size);
  };

  const decodeVectors = (who: string, vectors: tf.Tensor4D, context?: tf.Tensor4D): tf.Tensor4D => {
    const [B, h, w, D] = vectors.shape;
    if (h % side || w % side) {
      throw new ShapeError(
        `uvimTokenizer.${who}`,
        `sides in multiples of ${side}`,
        vectors.shape,
        'A code is a square.',
      );
    }
    const [H, W] = [(h / side) * size, (w / side) * size];
    const image = contextTiles(who, context, [B, H, W]);
    const codes = tf.reshape(toTiles(vectors, side), [-1, side * side, D]) as tf.Tensor3D;
    const output = fromPatches(uvimDecoder(codes, params, config, image), inputSize, patchSize);
    const values = config.output === 'pixels' ? tf.clipByValue(output, 0, 1) : tf.softmax(output);
    return joinTiles(values, [H, W]);
  };

  return {
    downsample: size / side,
    vocabulary: codes,
    multiple: size,
    needsContext,
    encode(map, context) {
      checkImage('uvimTokenizer.encode', map, classes);
      return tf.tidy(() => {
        const padded = padToMultiple(map, size);
        const [B, H, W] = padded.shape;
        const image = contextTiles('encode', context, [B, H, W]);
        const bottleneck = uvimEncoder(toPatches(toTiles(padded, size), patchSize), params, config, image);
        const code = tf.reshape(uvimQuantize(bottleneck, params).code, [-1, side, side, 1]) as tf.Tensor4D;
        return tf.squeeze(joinTiles(code, [(H / size) * side, (W / size) * side]), [3]) as tf.Tensor3D;
      });
    },
    decode(tokens, context) {
      checkTokens('uvimTokenizer.decode', tokens, codes, read);
      return tf.tidy(() => decodeVectors('decode', lookUp(codewords(params.state), tokens), context));
    },
    decodeProbabilities(probabilities, context) {
      checkProbabilities('uvimTokenizer.decodeProbabilities', probabilities, codes);
      return tf.tidy(() =>
        decodeVectors('decodeProbabilities', expectedRow(codewords(params.state), probabilities), context),
      );
    },
  };
}
