import * as tf from '@tensorflow/tfjs-core';

/** Kernels of ours that do in one pass what layers otherwise compose. ./README.md is their contract. */
export type FusedKernel =
  | 'GssReluGrad'
  | 'GssRelu6Grad'
  | 'GssGelu'
  | 'GssLayerNorm'
  | 'GssBatchNorm'
  | 'GssBatchNormRunning'
  | 'GssFoldBatchNorm'
  | 'GssGroupNorm'
  | 'GssWindowAttention'
  | 'GssRoll'
  | 'GssCrossEntropy'
  | 'GssLinearArgMax'
  | 'GssCertainty'
  | 'GssSumOfSquares'
  | 'GssAdamW';

/** Whether the current backend has a fused kernel (and, by the contract, the one of its gradient if it has one). */
export const hasFused = (name: FusedKernel): boolean => tf.getKernel(name, tf.getBackend()) !== undefined;

type Outputs = readonly tf.Tensor[];
const run = (name: string, inputs: Record<string, tf.Tensor>, attrs: Record<string, number> = {}): Outputs =>
  [tf.engine().runKernel(name, inputs, attrs)].flat() as tf.Tensor[];

/** tf.customGrad with its real types: `forward` gets the inputs and returns the value, what to save, and the gradient. */
function custom(
  inputs: readonly tf.Tensor[],
  forward: (...inputs: tf.Tensor[]) => {
    readonly value: tf.Tensor;
    readonly saved: tf.Tensor[];
    readonly gradient: (dy: tf.Tensor, saved: tf.Tensor[]) => readonly tf.Tensor[];
  },
): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const { value, saved, gradient } = forward(...(args.slice(0, -1) as tf.Tensor[]));
    save(saved);
    return { value, gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => [...gradient(dy, kept)] };
  });
  return op(...inputs);
}

/** max(x, 0), whose gradient is one pass over dy and the result. Only where `hasFused('GssReluGrad')`. */
export function fusedRelu<T extends tf.Tensor>(x: T): T {
  return custom([x], (x) => {
    const y = tf.relu(x!);
    return { value: y, saved: [y], gradient: (dy, [y]) => run('GssReluGrad', { dy, y: y! }) };
  }) as T;
}

/**
 * min(max(x, 0), 6). Its gradient is `GssRelu6Grad`, or, where a backend has none, `GssReluGrad` from both ends:
 * through max(y, 0), then through max(6 − y, 0). Only where `hasFused('GssReluGrad')`.
 */
export function fusedRelu6<T extends tf.Tensor>(x: T): T {
  return custom([x], (x) => {
    const y = tf.relu6(x!);
    const gradient = (dy: tf.Tensor, [y]: tf.Tensor[]) => {
      if (hasFused('GssRelu6Grad')) return run('GssRelu6Grad', { dy, y: y! });
      return run('GssReluGrad', { dy: run('GssReluGrad', { dy, y: y! })[0]!, y: tf.sub(6, y!) });
    };
    return { value: y, saved: [y], gradient };
  }) as T;
}

/** x · Φ(x), as `gelu`. Only where `hasFused('GssGelu')`. */
export function fusedGelu<T extends tf.Tensor>(x: T): T {
  return custom([x], (x) => ({
    value: run('GssGelu', { x: x! })[0]!,
    saved: [x!],
    gradient: (dy, [x]) => run('GssGeluGrad', { dy, x: x! }),
  })) as T;
}

/** Layer norm over the last axis: [..., C] → [..., C]. Only where `hasFused('GssLayerNorm')`. */
export function fusedLayerNorm<T extends tf.Tensor>(x: T, gamma: tf.Tensor1D, beta: tf.Tensor1D, epsilon: number): T {
  return custom([x, gamma, beta], (x, gamma, beta) => {
    const [value, mean, rstd] = run('GssLayerNorm', { x: x!, gamma: gamma!, beta: beta! }, { epsilon });
    return {
      value: value!,
      saved: [x!, mean!, rstd!, gamma!],
      gradient: (dy, [x, mean, rstd, gamma]) =>
        run('GssLayerNormGrad', { dy, x: x!, mean: mean!, rstd: rstd!, gamma: gamma! }),
    };
  }) as T;
}

/** What a batch norm in training tells beside its result, [C] each; they end with the surrounding tidy. */
export interface BatchMoments {
  readonly mean: tf.Tensor1D;
  /** Biased. */
  readonly variance: tf.Tensor1D;
  /** The running statistics after this batch, where they were given and the backend has `GssBatchNormRunning`. */
  readonly next?: { readonly mean: tf.Tensor1D; readonly variance: tf.Tensor1D };
}

/** Running statistics, [C] each, and the share of a batch in the next ones. */
export interface RunningMoments {
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
  readonly momentum: number;
}

/**
 * Batch norm over all axes but the last, with the batch's own statistics: [..., C] → [..., C]. Only where
 * `hasFused('GssBatchNorm')`.
 */
export function fusedBatchNorm<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
  onMoments?: (moments: BatchMoments) => void,
  running?: RunningMoments,
): T {
  const moving = running && hasFused('GssBatchNormRunning') ? running : undefined;
  return custom([x, gamma, beta], (x, gamma, beta) => {
    const inputs = { x: x!, gamma: gamma!, beta: beta! };
    const [value, ...moments] = moving
      ? run(
          'GssBatchNormRunning',
          { ...inputs, runningMean: moving.mean, runningVariance: moving.variance },
          { epsilon, momentum: moving.momentum },
        )
      : run('GssBatchNorm', inputs, { epsilon });
    const [mean, variance, nextMean, nextVariance] = moments as tf.Tensor1D[];
    const next = moving && { mean: nextMean!, variance: nextVariance! };
    onMoments?.({ mean: mean!, variance: variance!, ...(next ? { next } : {}) });
    return {
      value: value!,
      saved: [x!, mean!, variance!, gamma!],
      gradient: (dy, [x, mean, variance, gamma]) =>
        run('GssBatchNormGrad', { dy, x: x!, mean: mean!, variance: variance!, gamma: gamma! }, { epsilon }),
    };
  }) as T;
}

/**
 * A filter [h, w, in, out] with a batch norm's running statistics folded into it: [filter, bias]. Without a gradient, and only
 * where `hasFused('GssFoldBatchNorm')`.
 */
export const fusedFoldBatchNorm = (
  inputs: Readonly<Record<'filter' | 'gamma' | 'beta' | 'mean' | 'variance', tf.Tensor>>,
  epsilon: number,
): [filter: tf.Tensor4D, bias: tf.Tensor1D] =>
  [...run('GssFoldBatchNorm', inputs, { epsilon })] as [tf.Tensor4D, tf.Tensor1D];

/**
 * Group norm: [B, H, W, C] → [B, H, W, C], each sample's `groups` of neighbouring channels normalised over all their pixels.
 * C must be a multiple of `groups`. Only where `hasFused('GssGroupNorm')`.
 */
export function fusedGroupNorm(
  x: tf.Tensor4D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  { groups, epsilon }: { readonly groups: number; readonly epsilon: number },
): tf.Tensor4D {
  return custom([x, gamma, beta], (x, gamma, beta) => {
    const [value, mean, rstd] = run('GssGroupNorm', { x: x!, gamma: gamma!, beta: beta! }, { groups, epsilon });
    return {
      value: value!,
      saved: [x!, mean!, rstd!, gamma!],
      gradient: (dy, [x, mean, rstd, gamma]) =>
        run('GssGroupNormGrad', { dy, x: x!, mean: mean!, rstd: rstd!, gamma: gamma! }, { groups }),
    };
  }) as tf.Tensor4D;
}

/** torch.roll over the two middle axes of [B, H, W, C]. Only where `hasFused('GssRoll')`. */
export function fusedRoll(x: tf.Tensor4D, dy: number, dx: number): tf.Tensor4D {
  return custom([x], (x) => ({
    value: run('GssRoll', { x: x! }, { dy, dx })[0]!,
    saved: [],
    gradient: (g) => run('GssRoll', { x: g }, { dy: -dy, dx: -dx }),
  })) as tf.Tensor4D;
}

/**
 * Multi-head attention within windows, from the qkv projection [B, L, 3 · heads · d] to [B, L, heads · d]:
 * softmax(scale · q kᵀ + bias + mask) v. `bias` is [heads, L, L]; `mask` [nW, L, L] is added in window b mod nW and has
 * no gradient. Only where `hasFused('GssWindowAttention')`.
 */
export function fusedWindowAttention(
  qkv: tf.Tensor3D,
  bias: tf.Tensor3D,
  { heads, scale, mask }: { readonly heads: number; readonly scale: number; readonly mask?: tf.Tensor3D | undefined },
): tf.Tensor3D {
  return custom([qkv, bias], (qkv, bias) => {
    const inputs = { qkv: qkv!, bias: bias!, ...(mask ? { mask } : {}) };
    const [value, weights] = run('GssWindowAttention', inputs, { heads, scale });
    return {
      value: value!,
      saved: [qkv!, weights!, value!],
      gradient: (dy, [qkv, weights, y]) =>
        run('GssWindowAttentionGrad', { dy, qkv: qkv!, weights: weights!, y: y! }, { heads, scale }),
    };
  }) as tf.Tensor3D;
}

/**
 * Cross entropy of each row with its class: logits [..., K] and int32 targets [...] → losses [rows]; 0, and no gradient,
 * where the target is `ignore`, NaN where it is any other number outside [0, K). Needs neither one-hot rows nor a copy of
 * the logits. Only where `hasFused('GssCrossEntropy')`.
 */
export function fusedCrossEntropy(logits: tf.Tensor, targets: tf.Tensor, ignore: number): tf.Tensor1D {
  return custom([logits], (logits) => {
    const [value, logSumExp] = run('GssCrossEntropy', { logits: logits!, targets }, { ignore });
    return {
      value: value!,
      saved: [logits!, targets, logSumExp!],
      gradient: (dy, [logits, targets, logSumExp]) =>
        run('GssCrossEntropyGrad', { dy, logits: logits!, targets: targets!, logSumExp: logSumExp! }, { ignore }),
    };
  }) as tf.Tensor1D;
}

/**
 * arg max over the outputs of a linear layer: x [..., in], weight [in, out] or [1, 1, in, out], bias [out] → int32 [...], the first on a
 * tie. Without a gradient, and only where `hasFused('GssLinearArgMax')`.
 */
export const fusedLinearArgMax = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor =>
  run('GssLinearArgMax', { x, weight, bias })[0]!;

/**
 * 1 − H(softmax of logits) / ln V over the last axis, [..., V] → [...]. Without a gradient, and only where
 * `hasFused('GssCertainty')`.
 */
export const fusedCertainty = (logits: tf.Tensor): tf.Tensor => run('GssCertainty', { logits })[0]!;

/** Σ x² over all elements, a scalar. Without a gradient, and only where `hasFused('GssSumOfSquares')`. */
export const fusedSumOfSquares = (x: tf.Tensor): tf.Scalar => run('GssSumOfSquares', { x })[0]! as tf.Scalar;

/** What one update of AdamW reads; learningRate and weightDecay hold one value, or one for each element. */
export interface AdamWState {
  readonly param: tf.Tensor;
  readonly gradient: tf.Tensor;
  readonly m: tf.Tensor;
  readonly v: tf.Tensor;
  readonly learningRate: tf.Tensor;
  readonly weightDecay: tf.Tensor;
}

/** One update as torch.optim.AdamW: new tensors [param, m, v]; `step` is 1 at the first. Only where `hasFused('GssAdamW')`. */
export function fusedAdamW(
  state: AdamWState,
  attrs: { readonly beta1: number; readonly beta2: number; readonly epsilon: number; readonly step: number },
): [param: tf.Tensor, m: tf.Tensor, v: tf.Tensor] {
  return [...run('GssAdamW', { ...state }, { ...attrs })] as [tf.Tensor, tf.Tensor, tf.Tensor];
}
