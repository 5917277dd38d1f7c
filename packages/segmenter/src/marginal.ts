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

/** The table that a model's decoding needs; undefined for the other ways of decoding. @throws ModelConfigError as `classTable` */
export function marginalTable(config: GssModelConfig, tokenizer: Tokenizer, codec: MaskigeCodec) {
  if (config.decoding !== 'marginal' || config.kind === 'discriminative') return undefined;
  if (config.ftw || config.ft) throw refuse('ft or ftw');
  return classTable(config, tokenizer, codec);
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

/**
 * p(c|x) = Σ_z p(c|z) p(z|x) (§3.1, the sum that one z stands for in the paper): every token's probability goes to the classes that
 * its square shows, pixel by pixel. It costs one product [h·w, V] × [V, d²·K].
 *
 * @param tokenLogits [B, h, w, V]
 * @param table p(c|z), [V, d²·K]
 * @returns ln p(c|x), [B, H, W, K], cut to `size` of the labels at `scale` and resized to it
 */
export function marginalScores(
  tokenLogits: tf.Tensor4D,
  table: tf.Tensor2D,
  { downsample }: Pick<Tokenizer, 'downsample'>,
  { size: [H, W], scale }: { readonly size: readonly [number, number]; readonly scale: number },
): tf.Tensor4D {
  const [B, h, w, V] = tokenLogits.shape;
  return tf.tidy(() => {
    const p = tf.softmax(tf.reshape(tokenLogits, [B * h * w, V])) as tf.Tensor2D;
    const squares = tf.reshape(tf.matMul(p, table), [B, h, w, table.shape[1]]) as tf.Tensor4D;
    const all = depthToSpace(squares, downsample); // [B, h·d, w·d, K]
    const cut = tf.slice(all, [0, 0, 0, 0], [B, Math.round(H * scale), Math.round(W * scale), all.shape[3]]);
    return tf.log(tf.maximum(resize(cut, [H, W]), 1e-12)) as tf.Tensor4D; // the floor keeps ln 0 out
  });
}
