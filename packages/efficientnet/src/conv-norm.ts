import {
  type BatchNormParams,
  batchNorm,
  batchNormSpec,
  depthwise,
  foldNorm,
  kernel,
  type ParamsOf,
  relu6,
  type Training,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** ε of every batch norm of the family (PyTorch's own default is 1e-5). */
const eps = 1e-3;
/** TensorFlow's decay of 0.99 in PyTorch's words. */
const momentum = 0.01;

export interface ConvNormConfig {
  readonly stride?: number;
  /** ReLU6 behind the norm; the projections of a block have none. Default true. */
  readonly activate?: boolean;
  /** The norm keeps to its running statistics in training too. Default false. */
  readonly normEval?: boolean;
}

const kaiming = { type: 'kaimingNormal' } as const;

/** A convolution without bias: k × k over all channels. */
export const convWeightSpec = (size: number, inputs: number, outputs: number) => ({
  weight: kernel(size, inputs, outputs, kaiming),
});
/** One k × k filter a channel. */
export const depthwiseWeightSpec = (size: number, channels: number) => ({ weight: depthwise(size, channels, kaiming) });
/** The norm behind the convolution of that name. */
export const normSpec = (channels: number, behind: string) => batchNormSpec(channels, { behind, eps });
export type WeightParams = ParamsOf<ReturnType<typeof convWeightSpec>>;

type Filter = (x: tf.Tensor4D, w: tf.Tensor4D, bias?: tf.Tensor1D, activation?: 'relu6' | 'linear') => tf.Tensor4D;

/**
 * Convolution → batch norm → ReLU6. With running statistics the norm is a factor and a bias of the convolution, so it
 * is folded into them: one pass over the map for four, and the gradients of all parameters stay what they are.
 */
function convNorm(
  x: tf.Tensor4D,
  { weight: w }: WeightParams,
  norm: BatchNormParams,
  filter: Filter,
  { activate = true, normEval = false }: ConvNormConfig,
  training: Training | undefined,
): tf.Tensor4D {
  return tf.tidy(() => {
    if (training && !normEval) {
      const y = batchNorm(filter(x, w), norm, training, { eps, momentum });
      return activate ? relu6(y) : y;
    }
    const [folded, bias] = foldNorm(w, norm, eps);
    // In one with the convolution, ReLU6 would have the slower gradient of tf.relu6.
    if (training && activate) return relu6(filter(x, folded, bias, 'linear'));
    return filter(x, folded, bias, activate ? 'relu6' : 'linear');
  });
}

/**
 * [B, H, W, in] → [B, ⌈H / s⌉, ⌈W / s⌉, out]. Pads as TensorFlow does, where the checkpoints come from: at stride 2 an
 * even map gets its zeros right and below only.
 */
export function convBatchNorm(
  x: tf.Tensor4D,
  conv: WeightParams,
  norm: BatchNormParams,
  config: ConvNormConfig = {},
  training?: Training,
): tf.Tensor4D {
  const { stride: strides = 1 } = config;
  const filter: Filter = (x, w, bias, activation) =>
    bias
      ? tf.fused.conv2d({ x, filter: w, strides, pad: 'same', bias, activation: activation ?? 'linear' })
      : tf.conv2d(x, w, strides, 'same');
  return convNorm(x, conv, norm, filter, config, training);
}

/** The same with one filter a channel: [B, H, W, C] → [B, ⌈H / s⌉, ⌈W / s⌉, C]. */
export function depthwiseBatchNorm(
  x: tf.Tensor4D,
  conv: WeightParams,
  norm: BatchNormParams,
  config: ConvNormConfig = {},
  training?: Training,
): tf.Tensor4D {
  const { stride: strides = 1 } = config;
  const filter: Filter = (x, w, bias, activation) =>
    bias
      ? tf.fused.depthwiseConv2d({ x, filter: w, strides, pad: 'same', bias, activation: activation ?? 'linear' })
      : tf.depthwiseConv2d(x, w, strides, 'same');
  return convNorm(x, conv, norm, filter, config, training);
}
