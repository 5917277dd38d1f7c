import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { fusedBatchNorm, fusedGroupNorm, fusedLayerNorm, hasFused } from '../kernels/fused.js';
import { buffer, type NormPlace, vector } from '../spec.js';
import type { Training } from '../training.js';

const ones = { type: 'ones' } as const;

export interface AffineParams {
  readonly weight: tf.Tensor1D;
  readonly bias: tf.Tensor1D;
}

/** torch.nn.LayerNorm / GroupNorm: weight and bias over channels. */
export const layerNormSpec = (channels: number) => ({ weight: vector(channels, ones), bias: vector(channels) });
export const groupNormSpec = layerNormSpec;

export interface BatchNormParams extends AffineParams {
  readonly running_mean: tf.Tensor1D;
  readonly running_var: tf.Tensor1D;
  readonly num_batches_tracked: tf.Scalar;
}

/** What `foldNorms` leaves of a BatchNorm whose factor went into the convolution before it: a bias, β − μ · γ/√(σ² + ε). */
export interface FoldedNorm {
  readonly folded: tf.Tensor1D;
}
/** Whether `foldNorms` has been over this norm. */
export const isFolded = (norm: object): norm is FoldedNorm => 'folded' in norm;

/** ε of torch.nn.BatchNorm2d. */
export const batchNormEpsilon = 1e-5;

/**
 * torch.nn.BatchNorm2d. `behind` names the convolution without a bias whose output is all that it reads, and whose output nothing
 * else reads: `foldNorms` makes one of both. ε as the forward function takes it, default 1e-5.
 */
export const batchNormSpec = (channels: number, { behind, eps = batchNormEpsilon }: Partial<NormPlace> = {}) => ({
  weight: { ...vector(channels, ones), ...(behind === undefined ? {} : { norm: { behind, eps } }) },
  bias: vector(channels),
  running_mean: buffer(channels > 0 ? [channels] : [0]),
  running_var: buffer([channels], ones),
  num_batches_tracked: buffer<tf.Rank.R0>([], { type: 'zeros' }, { dtype: 'int32', optional: true }),
});

interface Moments {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
  readonly next?: { readonly mean: tf.Tensor; readonly variance: tf.Tensor };
}

/**
 * x → (x − E[x]) / √(Var[x] + ε) · weight + bias, moments over `axes`, with its gradient in closed form: a third of the
 * operations that automatic differentiation of the composition would record. `onMoments` sees the moments of this pass.
 */
function normalize<T extends tf.Tensor>(
  x: T,
  axes: number[],
  weight: tf.Tensor,
  bias: tf.Tensor,
  eps: number,
  onMoments?: (moments: Moments) => void,
): T {
  const affineAxes = x.shape.map((_, i) => i).filter((i) => i < x.rank - weight.rank);
  const op = tf.customGrad((...args) => {
    const [x, weight, bias] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args[3] as unknown as tf.GradSaveFunc;
    const mean = tf.mean(x, axes, true);
    const centred = tf.sub(x, mean);
    const variance = tf.mean(tf.square(centred), axes, true);
    onMoments?.({ mean, variance });
    const inverse = tf.rsqrt(tf.add(variance, eps));
    const normal = tf.mul(centred, inverse);
    save([normal, inverse, weight]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [normal, inverse, weight] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const dyNormal = tf.mul(dy, normal);
      const dWeight = () => tf.reshape(tf.sum(dyNormal, affineAxes), weight.shape);
      const dBias = () => tf.reshape(tf.sum(dy, affineAxes), weight.shape);
      const dX = () => {
        const scaled = tf.mul(dy, weight);
        const along = tf.mul(normal, tf.mean(tf.mul(scaled, normal), axes, true));
        return tf.mul(inverse, tf.sub(tf.sub(scaled, tf.mean(scaled, axes, true)), along));
      };
      return [dX(), dWeight(), dBias()];
    };
    return { value: tf.add(tf.mul(normal, weight), bias), gradFunc };
  });
  return op(x, weight, bias) as T;
}

/** Normalises the last axis: [..., C] → [..., C]. */
export function layerNorm<T extends tf.Tensor>(x: T, { weight, bias }: AffineParams, eps = 1e-5): T {
  if (x.shape[x.rank - 1] !== weight.shape[0]) throw new ShapeError('layerNorm', `[..., ${weight.shape[0]}]`, x.shape);
  if (hasFused('GssLayerNorm')) return fusedLayerNorm(x, weight, bias, eps);
  return tf.tidy(() => normalize(x, [x.rank - 1], weight, bias, eps));
}

/** torch.nn.GroupNorm on NHWC: [B, H, W, C] → [B, H, W, C]; C must be a multiple of `groups`. */
export function groupNorm(x: tf.Tensor4D, { weight, bias }: AffineParams, groups: number, eps = 1e-5): tf.Tensor4D {
  const [B, H, W, C] = x.shape;
  if (C % groups) throw new ShapeError('groupNorm', `channels in multiples of ${groups} groups`, x.shape);
  if (hasFused('GssGroupNorm')) return fusedGroupNorm(x, weight, bias, { groups, epsilon: eps });
  return tf.tidy(() => {
    const grouped = tf.reshape(x, [B, H, W, groups, C / groups]);
    const shape = [groups, C / groups];
    const y = normalize(grouped, [1, 2, 4], tf.reshape(weight, shape), tf.reshape(bias, shape), eps);
    return tf.reshape(y, [B, H, W, C]);
  });
}

export interface BatchNormOptions {
  /** Default 1e-5. */
  readonly eps?: number;
  /** Share of the new batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
}

/**
 * torch.nn.BatchNorm2d on NHWC: [B, H, W, C] → [B, H, W, C]. Without `training` it uses the running statistics. With it,
 * the batch's; the next running statistics (variance unbiased, as PyTorch keeps it) go into `training.statistics`. Of a folded norm the
 * bias is left to add.
 * @throws TypeError for a folded norm in training
 */
export function batchNorm(
  x: tf.Tensor4D,
  p: BatchNormParams | FoldedNorm,
  training?: Training,
  { eps = batchNormEpsilon, momentum = 0.1 }: BatchNormOptions = {},
): tf.Tensor4D {
  if (isFolded(p)) {
    if (training)
      throw new TypeError(
        'batchNorm: expected a norm with running statistics, got one that foldNorms folded into its convolution for inference. Train the parameters as they were loaded.',
      );
    return tf.add(x, p.folded);
  }
  const C = p.weight.shape[0];
  if (x.shape[3] !== C) throw new ShapeError('batchNorm', `[B, H, W, ${C}]`, x.shape);
  return tf.tidy(() => {
    if (!training) {
      const scale = tf.mul(p.weight, tf.rsqrt(tf.add(p.running_var, eps)));
      return tf.add(tf.mul(x, scale), tf.sub(p.bias, tf.mul(p.running_mean, scale)));
    }
    const count = x.size / C;
    const record = (old: tf.Tensor, value: tf.Tensor) => {
      training.statistics.get(old)?.dispose(); // one norm used twice in a pass: the last use counts
      training.statistics.set(old, tf.keep(value));
    };
    const towards = (old: tf.Tensor, batch: tf.Tensor) =>
      tf.add(tf.mul(old, 1 - momentum), tf.mul(tf.reshape(batch, [C]), momentum));
    const onMoments = ({ mean, variance, next }: Moments) => {
      record(p.running_mean, next?.mean ?? towards(p.running_mean, mean));
      const unbiased = () => tf.mul(variance, count / Math.max(1, count - 1));
      record(p.running_var, next?.variance ?? towards(p.running_var, unbiased()));
      record(p.num_batches_tracked, tf.add(p.num_batches_tracked, tf.scalar(1, 'int32')));
    };
    const running = { mean: p.running_mean, variance: p.running_var, momentum };
    if (hasFused('GssBatchNorm')) return fusedBatchNorm(x, p.weight, p.bias, eps, onMoments, running);
    return normalize(x, [0, 1, 2], p.weight, p.bias, eps, onMoments);
  });
}
