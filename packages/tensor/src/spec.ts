import type * as tf from '@tensorflow/tfjs-core';

/** How a fresh parameter is drawn. The names follow torch.nn.init. */
export type Initializer =
  | { readonly type: 'zeros' }
  | { readonly type: 'ones' }
  | { readonly type: 'normal'; readonly std: number }
  /** Normal with std, redrawn beyond ±2 std. */
  | { readonly type: 'truncatedNormal'; readonly std: number }
  /** Uniform in ±bound. */
  | { readonly type: 'uniform'; readonly bound: number }
  /** Normal with std √(2 / fan), as mmcv initialises convolutions before ReLU. */
  | { readonly type: 'kaimingNormal'; readonly mode?: 'fanIn' | 'fanOut' }
  /** Uniform in ±1/√fanIn: PyTorch's default for Linear and Conv2d weights. */
  | { readonly type: 'kaimingUniform' }
  /** Fixed numbers, e.g. a table of positions. */
  | { readonly type: 'values'; readonly values: () => Float32Array | Int32Array };

/**
 * How a parameter is stored in a PyTorch checkpoint, and so how it is laid out here:
 * `matrix` [out, in] ↔ [in, out] · `kernel` OIHW ↔ HWIO · `depthwise` C1HW ↔ HWC1 · `vector` and `table` as they are ·
 * `buffer` as it is, not trained.
 */
export type LeafKind = 'matrix' | 'kernel' | 'depthwise' | 'vector' | 'table' | 'buffer';

/** The convolution right before a norm. */
export interface NormPlace {
  /** Its key in the object or array in which the norm lies too. */
  readonly behind: string | number;
  readonly eps: number;
}

/** One parameter of a spec: no memory, only what it will be. `shape` is the shape in memory (tfjs layout). */
export interface Leaf<R extends tf.Rank = tf.Rank> {
  readonly leaf: LeafKind;
  readonly shape: readonly number[];
  readonly init: Initializer;
  /** `int32` buffers are stored as I64, as PyTorch does. */
  readonly dtype: 'float32' | 'int32';
  /** Names that a checkpoint may leave out: the leaf is then initialised instead (e.g. `num_batches_tracked`). */
  readonly optional?: boolean;
  /** On the weight of a BatchNorm that stands right behind a convolution: where `foldNorms` finds that, and the norm's ε. */
  readonly norm?: NormPlace;
  /** Carries the rank for `ParamsOf`; never set. */
  readonly rank?: R;
}

// A named interface (rather than a union of record and array) keeps recursive inference of ParamsOf cheap.
// biome-ignore lint/suspicious/noEmptyInterface: the index signature of a spec is deliberately open.
export interface SpecTree {}
/** Leaves in objects and arrays; the path to a leaf is its name: `{ layers: [[linear]] }` → `layers.0.0.weight`. */
export type Spec = Leaf | SpecTree | readonly Spec[];

/** The tree of tensors that belongs to a spec; of a spec known only as `Spec`, some tree. */
export type ParamsOf<S> = Spec extends S
  ? Tree<tf.Tensor>
  : S extends Leaf<infer R>
    ? tf.Tensor<R>
    : S extends readonly unknown[]
      ? { readonly [I in keyof S]: ParamsOf<S[I]> }
      : S extends undefined
        ? undefined
        : { readonly [K in keyof S]: ParamsOf<S[K]> };

/** A tree of the same form as a spec with anything at its leaves. */
export type Tree<T> = T | { readonly [key: string]: Tree<T> | undefined } | readonly (Tree<T> | undefined)[];

const defaultWeight: Initializer = { type: 'kaimingUniform' };

/** Weight of a linear layer: stored [outputs, inputs], kept [inputs, outputs]. */
export const matrix = (inputs: number, outputs: number, init: Initializer = defaultWeight): Leaf<tf.Rank.R2> => ({
  leaf: 'matrix',
  shape: [inputs, outputs],
  init,
  dtype: 'float32',
});

/** Weight of a convolution: stored [outputs, inputs, h, w], kept [h, w, inputs, outputs]. */
export const kernel = (
  size: number | readonly [number, number],
  inputs: number,
  outputs: number,
  init: Initializer = defaultWeight,
): Leaf<tf.Rank.R4> => {
  const [h, w] = typeof size === 'number' ? [size, size] : size;
  return { leaf: 'kernel', shape: [h, w, inputs, outputs], init, dtype: 'float32' };
};

/** Weight of a depthwise convolution: stored [channels, 1, h, w], kept [h, w, channels, 1]. */
export const depthwise = (size: number, channels: number, init: Initializer = defaultWeight): Leaf<tf.Rank.R4> => ({
  leaf: 'depthwise',
  shape: [size, size, channels, 1],
  init,
  dtype: 'float32',
});

/** A bias, or a norm's weight. */
export const vector = (length: number, init: Initializer = { type: 'zeros' }): Leaf<tf.Rank.R1> => ({
  leaf: 'vector',
  shape: [length],
  init,
  dtype: 'float32',
});

/** A trained table that is stored as it is kept: embeddings, relative position biases, codebooks. */
export const table = <R extends tf.Rank = tf.Rank.R2>(
  shape: readonly number[],
  init: Initializer = { type: 'truncatedNormal', std: 0.02 },
): Leaf<R> => ({ leaf: 'table', shape, init, dtype: 'float32' });

/** Not trained, but part of the state: running statistics, fixed indices. */
export const buffer = <R extends tf.Rank = tf.Rank.R1>(
  shape: readonly number[],
  init: Initializer = { type: 'zeros' },
  { dtype = 'float32', optional = false }: { dtype?: 'float32' | 'int32'; optional?: boolean } = {},
): Leaf<R> => ({ leaf: 'buffer', shape, init, dtype, ...(optional ? { optional } : {}) });

/** Whether a node of a spec is a parameter, not a record or list of further nodes. */
export const isLeaf = (node: unknown): node is Leaf => typeof node === 'object' && node !== null && 'leaf' in node;

/** Every leaf of a spec with its name, in the spec's order. */
export function leavesOf(spec: Spec, prefix = ''): { name: string; leaf: Leaf }[] {
  if (isLeaf(spec)) return [{ name: prefix, leaf: spec }];
  return Object.entries(spec as Record<string, Spec | undefined>).flatMap(([key, child]) =>
    child === undefined ? [] : leavesOf(child, prefix ? `${prefix}.${key}` : key),
  );
}

/** Number of elements of a leaf. */
export const leafSize = (leaf: Leaf): number => leaf.shape.reduce((n, d) => n * d, 1);

/** Trained parameters of a spec (buffers are not counted), as PyTorch's `sum(p.numel() for p in parameters())`. */
export const countParams = (spec: Spec): number =>
  leavesOf(spec).reduce((n, { leaf }) => (leaf.leaf === 'buffer' ? n : n + leafSize(leaf)), 0);
