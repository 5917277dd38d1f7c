import { type Initializer, layerNorm, type ParamsOf, type StoredTensor, table } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

// UViM's reference is written in flax: kernels are stored [in, out] and names are joined by '/'. Leaves are tables, kept
// as they are stored; `fromFlax` turns the names.

const glorot = (fanIn: number, fanOut: number): Initializer => ({
  type: 'uniform',
  bound: Math.sqrt(6 / (fanIn + fanOut)),
});
const zeros: Initializer = { type: 'zeros' };

/** Names of a flax checkpoint, `encoder/encoderblock_0/…`, → ours, joined by dots. */
export const fromFlax = (weights: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> =>
  new Map([...weights].map(([name, tensor]) => [name.replaceAll('/', '.'), tensor]));

const product = (sizes: readonly number[]): number => sizes.reduce((n, size) => n * size, 1);

/** flax DenseGeneral: [..., ...inputs] → [..., ...outputs]. */
export const denseSpec = (inputs: readonly number[], outputs: readonly number[], init?: Initializer) => ({
  kernel: table<tf.Rank>([...inputs, ...outputs], init ?? glorot(product(inputs), product(outputs))),
  bias: table<tf.Rank>([...outputs], zeros),
});
/** The same without a bias. */
export const denseNoBiasSpec = (inputs: readonly number[], outputs: readonly number[]) => ({
  kernel: denseSpec(inputs, outputs).kernel,
});
interface DenseParams {
  readonly kernel: tf.Tensor;
  readonly bias?: tf.Tensor;
}

/** The last `axes` axes of x meet the first of the kernel: [...batch, ...inputs] → [...batch, ...outputs]. */
export function dense(x: tf.Tensor, { kernel, bias }: DenseParams, axes = 1): tf.Tensor {
  return tf.tidy(() => {
    const inputs = product(kernel.shape.slice(0, axes));
    const outputs = kernel.shape.slice(axes);
    const flat = tf.matMul(
      tf.reshape(x, [-1, inputs]) as tf.Tensor2D,
      tf.reshape(kernel, [inputs, product(outputs)]) as tf.Tensor2D,
    );
    const y = bias ? tf.add(flat, tf.reshape(bias, [-1])) : flat;
    return tf.reshape(y, [...x.shape.slice(0, x.rank - axes), ...outputs]);
  });
}

export const flaxNormSpec = (channels: number) => ({
  scale: table<tf.Rank.R1>([channels], { type: 'ones' }),
  bias: table<tf.Rank.R1>([channels], zeros),
});

/** flax LayerNorm, ε = 1e-6. */
export const flaxNorm = (x: tf.Tensor3D, { scale, bias }: ParamsOf<ReturnType<typeof flaxNormSpec>>): tf.Tensor3D =>
  layerNorm(x, { weight: scale, bias }, 1e-6);

/** GELU by tanh, flax's default: ½ x (1 + tanh u) = x σ(2u), u = √(2/π) (x + 0.044715 x³): six passes instead of nine. */
export function geluTanh<T extends tf.Tensor>(x: T): T {
  const twice = 2 * Math.sqrt(2 / Math.PI);
  return tf.tidy(() => {
    const slope = tf.add(tf.mul(tf.square(x), 0.044715 * twice), twice);
    return tf.mul(x, tf.sigmoid(tf.mul(slope, x))) as T;
  });
}

/** Initialisers as for Dense; without biases in stage II. */
export const attentionSpec = (width: number, heads: number) => {
  const head = () => denseSpec([width], [heads, width / heads]);
  return { query: head(), key: head(), value: head(), out: denseSpec([heads, width / heads], [width]) };
};
export const attentionNoBiasSpec = (width: number, heads: number) => {
  const head = () => denseNoBiasSpec([width], [heads, width / heads]);
  return { query: head(), key: head(), value: head(), out: denseNoBiasSpec([heads, width / heads], [width]) };
};
interface AttentionParams {
  readonly query: DenseParams;
  readonly key: DenseParams;
  readonly value: DenseParams;
  readonly out: DenseParams;
}

/** flax MultiHeadDotProductAttention: x [B, Q, C] attends to [B, N, C] → [B, Q, C]; `mask` [Q, N] is added to the scores. */
export function attention(x: tf.Tensor3D, to: tf.Tensor3D, p: AttentionParams, mask?: tf.Tensor2D): tf.Tensor3D {
  return tf.tidy(() => {
    const query = tf.transpose(dense(x, p.query), [0, 2, 1, 3]); // [B, heads, Q, d]
    const key = tf.transpose(dense(to, p.key), [0, 2, 3, 1]); // [B, heads, d, N]
    const value = tf.transpose(dense(to, p.value), [0, 2, 1, 3]); // [B, heads, N, d]
    const depth = query.shape[3]!;
    const scores = tf.matMul(tf.mul(query, 1 / Math.sqrt(depth)), key);
    const weights = tf.softmax(mask ? tf.add(scores, mask) : scores);
    const mixed = tf.transpose(tf.matMul(weights, value), [0, 2, 1, 3]); // [B, Q, heads, d]
    return dense(mixed, p.out, 2) as tf.Tensor3D;
  });
}

export const mlpSpec = (width: number, hidden: number) => ({
  Dense_0: denseSpec([width], [hidden]),
  Dense_1: denseSpec([hidden], [width]),
});

export const mlp = (x: tf.Tensor3D, p: ParamsOf<ReturnType<typeof mlpSpec>>): tf.Tensor3D =>
  tf.tidy(() => dense(geluTanh(dense(x, p.Dense_0)), p.Dense_1) as tf.Tensor3D);

const encoderBlockSpec = (width: number, heads: number, hidden: number) => ({
  LayerNorm_0: flaxNormSpec(width),
  MultiHeadDotProductAttention_0: attentionSpec(width, heads),
  LayerNorm_1: flaxNormSpec(width),
  MlpBlock_0: mlpSpec(width, hidden),
});
type EncoderBlockParams = ParamsOf<ReturnType<typeof encoderBlockSpec>>;

export interface VitConfig {
  readonly width: number;
  readonly heads: number;
  /** Hidden channels of the MLP. */
  readonly hidden: number;
  readonly depth: number;
}

/** big_vision's ViT encoder: encoderblock_0 … and encoder_norm. */
export const vitEncoderSpec = ({ width, heads, hidden, depth }: VitConfig) => {
  const blocks: Record<string, ReturnType<typeof encoderBlockSpec>> = {};
  for (let i = 0; i < depth; i++) blocks[`encoderblock_${i}`] = encoderBlockSpec(width, heads, hidden);
  return { ...blocks, encoder_norm: flaxNormSpec(width) };
};
export type VitEncoderParams = { readonly [name: string]: tf.Tensor | object };

function encoderBlock(x: tf.Tensor3D, p: EncoderBlockParams): tf.Tensor3D {
  return tf.tidy(() => {
    const normed = flaxNorm(x, p.LayerNorm_0);
    const y = tf.add(x, attention(normed, normed, p.MultiHeadDotProductAttention_0)) as tf.Tensor3D;
    return tf.add(y, mlp(flaxNorm(y, p.LayerNorm_1), p.MlpBlock_0));
  });
}

/** [B, N, width] → [B, N, width] */
export function vitEncoder(x: tf.Tensor3D, p: VitEncoderParams, { depth }: VitConfig): tf.Tensor3D {
  return tf.tidy(() => {
    let y = x;
    for (let i = 0; i < depth; i++) y = encoderBlock(y, p[`encoderblock_${i}`] as EncoderBlockParams);
    return flaxNorm(y, p.encoder_norm as ParamsOf<ReturnType<typeof flaxNormSpec>>);
  });
}

/** Fixed positions, sines and cosines of x and of y: [1, h · w, width]; width is a multiple of 4. */
export function sincosPositions([h, w]: readonly [number, number], width: number): tf.Tensor3D {
  const quarter = width / 4;
  const waves = (length: number) => {
    const table = new Float32Array(length * 2 * quarter); // one axis: sines, then cosines
    for (let at = 0; at < length; at++) {
      for (let i = 0; i < quarter; i++) {
        const angle = at / 10_000 ** (i / (quarter - 1));
        table[at * 2 * quarter + i] = Math.sin(angle);
        table[at * 2 * quarter + quarter + i] = Math.cos(angle);
      }
    }
    return table;
  };
  const half = 2 * quarter;
  const [rows, columns] = [waves(h), waves(w)];
  const positions = new Float32Array(h * w * width);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const at = (y * w + x) * width;
      positions.set(columns.subarray(x * half, (x + 1) * half), at);
      positions.set(rows.subarray(y * half, (y + 1) * half), at + half);
    }
  }
  return tf.tensor3d(positions, [1, h * w, width]);
}
