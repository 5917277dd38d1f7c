import { resize } from '@gss/tensor';
import { depthToSpace, type Tokenizer } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { type GssModelConfig, ModelConfigError } from './config.js';
import type { MaskigeCodec } from './maskige.js';

/** Whether the decoder draws every token's square from that token alone: only then is p(c|z) a table of codes. */
export const decodesAlone = ({ type, config }: GssModelConfig['tokenizer']): boolean =>
  type === 'compact' && config.decoderBlocks === 0 && (config.groups ?? 1) === 1;

/** What a sum over all codes is refused for. */
const refuse = (what: string) =>
  new ModelConfigError(
    `marginal decoding: expected a compact tokenizer without decoder blocks (variant squares) and no learned inverse, got ${what}. Take decoding argmax.`,
  );

/**
 * The table that a model needs which sums over all codes, in its decoding or for its learned inverse; undefined for the others.
 * @throws ModelConfigError as `classTable`
 */
export function marginalTable(config: GssModelConfig, tokenizer: Tokenizer, codec: MaskigeCodec) {
  if (config.kind === 'discriminative') return undefined;
  if (config.decoding === 'marginal' && (config.ftw || config.ft)) throw refuse('ft or ftw');
  return config.decoding === 'marginal' || config.ftw?.marginal ? classTable(config, tokenizer, codec) : undefined;
}

/**
 * p(c|z): what class each pixel of a code's square has by the nearest colour, as [V, d²·K] of zeros and ones. The caller disposes it.
 *
 * @throws ModelConfigError where squares depend on their neighbours
 */
export function classTable(
  { tokenizer: family }: Pick<GssModelConfig, 'tokenizer'>,
  tokenizer: Tokenizer,
  codec: MaskigeCodec,
): tf.Tensor2D {
  if (!decodesAlone(family)) throw refuse(`a ${family.type} tokenizer whose squares depend on their neighbours`);
  const { vocabulary: V, downsample: d } = tokenizer;
  return tf.tidy(() => {
    const codes = tf.reshape(tf.range(0, V, 1, 'int32'), [V, 1, 1]) as tf.Tensor3D;
    const classes = codec.classes(tokenizer.decode(codes)); // [V, d, d]
    const K = codec.colours.shape[0] - 1;
    return tf.reshape(tf.cast(tf.oneHot(tf.cast(classes, 'int32'), K), 'float32'), [V, d * d * K]) as tf.Tensor2D;
  });
}

/** Where a map of squares is cut and what it is resized to. */
export interface MapSize {
  /** Height and width of the image as the network saw it. */
  readonly size: readonly [number, number];
  /** How much larger the labels are that the tokenizer writes. */
  readonly scale: number;
}

/** Squares [B, h, w, d²·K] → a map of classes [B, H, W, K]. */
function drawSquares(squares: tf.Tensor4D, downsample: number, { size: [H, W], scale }: MapSize): tf.Tensor4D {
  const all = depthToSpace(squares, downsample); // [B, h·d, w·d, K]
  const [B, , , K] = all.shape;
  return resize(tf.slice(all, [0, 0, 0, 0], [B, Math.round(H * scale), Math.round(W * scale), K]), [H, W]);
}

/**
 * p(c|x) = Σ_z p(c|z) p(z|x) (§3.1, the sum that one z stands for in the paper): every token's probability goes to the classes that
 * its square shows, pixel by pixel. It costs one product [h·w, V] × [V, d²·K].
 *
 * @param tokenLogits [B, h, w, V]
 * @param table p(c|z), [V, d²·K]
 * @returns p(c|x), [B, H, W, K]
 */
export function marginalProbabilities(
  tokenLogits: tf.Tensor4D,
  table: tf.Tensor2D,
  { downsample }: Pick<Tokenizer, 'downsample'>,
  size: MapSize,
): tf.Tensor4D {
  const [B, h, w, V] = tokenLogits.shape;
  return tf.tidy(() => {
    const p = tf.softmax(tf.reshape(tokenLogits, [B * h * w, V])) as tf.Tensor2D;
    return drawSquares(tf.reshape(tf.matMul(p, table), [B, h, w, table.shape[1]]) as tf.Tensor4D, downsample, size);
  });
}

/** ln p(c|x), [B, H, W, K], of `marginalProbabilities`. */
export function marginalScores(...args: Parameters<typeof marginalProbabilities>): tf.Tensor4D {
  return tf.tidy(() => tf.log(tf.maximum(marginalProbabilities(...args), 1e-12)) as tf.Tensor4D); // the floor keeps ln 0 out
}

/** p(c|z) of tokens that are decided, [B, h, w] → [B, H, W, K]: what `marginalProbabilities` becomes where a prior is sure of them. */
export function classesOfTokens(
  tokens: tf.Tensor3D,
  table: tf.Tensor2D,
  { downsample }: Pick<Tokenizer, 'downsample'>,
  size: MapSize,
): tf.Tensor4D {
  return tf.tidy(() =>
    drawSquares(tf.gather<tf.Tensor>(table, tf.cast(tokens, 'int32')) as tf.Tensor4D, downsample, size),
  );
}
