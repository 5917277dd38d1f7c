import * as tf from '@tensorflow/tfjs-core';
import { nearestCode, type Quantized, quantize } from '../quantize.js';
import { expectedRow, lookUp } from '../tokenizer.js';

/** Largest vocabulary of a product code: integers beyond 2²⁴ are not exact where a backend keeps them as floats. */
const largest = 2 ** 24;

export interface ProductConfig {
  /** Codes of each group's codebook. */
  readonly codes: number;
  readonly codeDim: number;
  /**
   * Product codes (Jégou et al. 2011): a code vector is cut into this many parts, each with a codebook of its own, and a
   * token names one code of each. Default 1.
   */
  readonly groups?: number;
}

/** Tokens that a configuration can name: codes^groups. Throws on one that cannot be built. */
export function vocabularyOf({ codes, codeDim, groups = 1 }: ProductConfig): number {
  if (!Number.isInteger(groups) || groups < 1 || codeDim % groups) {
    throw new RangeError(`compact tokenizer: ${groups} groups do not divide a code of ${codeDim} numbers.`);
  }
  const vocabulary = codes ** groups;
  if (vocabulary > largest) {
    throw new RangeError(
      `compact tokenizer: ${codes}^${groups} tokens, expected at most ${largest}. Use fewer codes or groups.`,
    );
  }
  return vocabulary;
}

/** Part `g` of code vectors, [B, h, w, D] → [B, h, w, D / G]. */
const part = (z: tf.Tensor4D, g: number, groups: number): tf.Tensor4D => {
  const [B, h, w, D] = z.shape;
  return groups === 1 ? z : tf.slice(z, [0, 0, 0, (g * D) / groups], [B, h, w, D / groups]);
};

/** Codebook of group `g`: [G · V, D / G] → [V, D / G]. */
const book = (codebook: tf.Tensor2D, g: number, { codes, groups = 1 }: ProductConfig): tf.Tensor2D =>
  groups === 1 ? codebook : tf.slice(codebook, [g * codes, 0], [codes, codebook.shape[1]]);

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** One token of the groups' codes, the first group the most significant digit. */
const join = (tokens: readonly tf.Tensor3D[], codes: number): tf.Tensor3D =>
  tokens.reduce((sum, digit) => tf.add(tf.mul(sum, tf.scalar(codes, 'int32')), digit));

/** Nearest code of every group: z [B, h, w, D], codebook [G · V, D / G] → tokens [B, h, w] int32. */
export function nearestProduct(z: tf.Tensor4D, codebook: tf.Tensor2D, config: ProductConfig): tf.Tensor3D {
  const { groups = 1, codes } = config;
  return tf.tidy(() =>
    join(
      range(groups).map((g) => nearestCode(part(z, g, groups), book(codebook, g, config))),
      codes,
    ),
  );
}

/** Vector quantisation of every group, as `quantize`; the losses are means over the groups. */
export function quantizeProduct(z: tf.Tensor4D, codebook: tf.Tensor2D, config: ProductConfig): Quantized {
  const { groups = 1, codes } = config;
  const parts = range(groups).map((g) => quantize(part(z, g, groups), book(codebook, g, config)));
  if (groups === 1) return parts[0]!;
  const mean = (key: 'codebook' | 'commitment'): tf.Scalar => tf.div(tf.addN(parts.map((q) => q[key])), groups);
  return {
    quantized: tf.concat(
      parts.map((q) => q.quantized),
      3,
    ),
    tokens: join(
      parts.map((q) => q.tokens),
      codes,
    ),
    codebook: mean('codebook'),
    commitment: mean('commitment'),
  };
}

/** Code vectors of tokens: [B, h, w] → [B, h, w, D]. */
export function productVectors(codebook: tf.Tensor2D, tokens: tf.Tensor3D, config: ProductConfig): tf.Tensor4D {
  const { groups = 1, codes } = config;
  if (groups === 1) return lookUp(codebook, tokens);
  return tf.tidy(() => {
    const parts = range(groups).map((g) => {
      const shifted: tf.Tensor3D = tf.floorDiv(tokens, tf.scalar(codes ** (groups - 1 - g), 'int32'));
      const digit: tf.Tensor3D = tf.mod(shifted, tf.scalar(codes, 'int32'));
      return lookUp(book(codebook, g, config), digit);
    });
    return tf.concat(parts, 3);
  });
}

/** Expected code vectors, from the marginal of every group: [B, h, w, V^G] → [B, h, w, D]. */
export function expectedProduct(codebook: tf.Tensor2D, probabilities: tf.Tensor4D, config: ProductConfig): tf.Tensor4D {
  const { groups = 1, codes } = config;
  if (groups === 1) return expectedRow(codebook, probabilities);
  const [B, h, w] = probabilities.shape;
  return tf.tidy(() => {
    const parts = range(groups).map((g) => {
      const digits = tf.reshape(probabilities, [B * h * w, codes ** g, codes, codes ** (groups - 1 - g)]);
      return expectedRow(book(codebook, g, config), tf.reshape(tf.sum(digits, [1, 3]), [B, h, w, codes]));
    });
    return tf.concat(parts, 3);
  });
}
