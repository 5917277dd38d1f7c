import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { type Initializer, kernel, type Leaf, vector } from '../spec.js';
import { relu } from './activation.js';

export interface ConvOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Zeros on each side, as torch.nn.Conv2d's `padding`. Default keeps the size at stride 1: dilation · (k − 1) / 2. */
  readonly padding?: number;
  /** Default 1. With stride > 1 only 1 is possible. */
  readonly dilation?: number;
  /** A ReLU behind it. Default false. */
  readonly activate?: boolean;
}

export interface ConvParams {
  readonly weight: tf.Tensor4D;
  readonly bias?: tf.Tensor1D | undefined;
}

/** torch.nn.Conv2d with a bias. */
export const convSpec = (size: number, inputs: number, outputs: number, init?: Initializer) => ({
  weight: kernel(size, inputs, outputs, init),
  bias: vector(outputs),
});

/** torch.nn.Conv2d without a bias. */
export const convNoBiasSpec = (
  size: number,
  inputs: number,
  outputs: number,
  init?: Initializer,
): { weight: Leaf<tf.Rank.R4> } => ({ weight: kernel(size, inputs, outputs, init) });

/** Zeros around the two middle axes: [B, H, W, C] → [B, H + top + bottom, W + left + right, C]. */
export function pad2d(
  x: tf.Tensor4D,
  [top, bottom, left, right]: readonly [number, number, number, number],
): tf.Tensor4D {
  if (!top && !bottom && !left && !right) return x;
  return tf.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
}

/**
 * Dilated convolution that keeps the size as d² plain ones, one per phase of the input grid (à trous), each of which keeps
 * its size. The stock gradient of a dilated conv2d throws; this form has a gradient made of kernels that every backend has.
 * Without a tape the stock forward is used.
 */
function convByPhases(x: tf.Tensor4D, w: tf.Tensor4D, d: number): tf.Tensor4D {
  const [B, H, W, C] = x.shape;
  const outputs = w.shape[3];
  const padded = pad2d(x, [0, (d - (H % d)) % d, 0, (d - (W % d)) % d]); // zeros, as lie behind the edge anyway
  const [, Hp, Wp] = padded.shape;
  const grid = tf.reshape(padded, [B, Hp / d, d, Wp / d, d, C]);
  const phases = tf.reshape(tf.transpose(grid, [2, 4, 0, 1, 3, 5]), [d * d * B, Hp / d, Wp / d, C]);
  const y = tf.reshape(tf.conv2d(phases as tf.Tensor4D, w, 1, 'same'), [d, d, B, Hp / d, Wp / d, outputs]);
  const joined = tf.reshape(tf.transpose(y, [2, 3, 0, 4, 1, 5]), [B, Hp, Wp, outputs]) as tf.Tensor4D;
  return Hp === H && Wp === W ? joined : tf.slice(joined, [0, 0, 0, 0], [B, H, W, outputs]);
}

/** What a convolution that keeps the size computes without reading behind the edge. */
function inner(y: tf.Tensor4D, w: tf.Tensor4D, d: number): tf.Tensor4D {
  const [B, H, W, C] = y.shape;
  const [top, left] = [(d * (w.shape[0] - 1)) / 2, (d * (w.shape[1] - 1)) / 2];
  return tf.slice(y, [0, top, left, 0], [B, H - 2 * top, W - 2 * left, C]);
}

/**
 * torch.nn.functional.conv2d on NHWC: [B, H, W, in] → [B, H', W', out], H' = ⌊(H + 2p − d(k − 1) − 1) / s⌋ + 1.
 * 'same' of TensorFlow pads right and bottom only at stride 2, so padding is always a number here.
 */
export function conv2d(
  x: tf.Tensor4D,
  w: tf.Tensor4D,
  bias?: tf.Tensor1D | null,
  { stride = 1, dilation = 1, padding, activate = false }: ConvOptions = {},
): tf.Tensor4D {
  const [kh, kw, inputs] = w.shape;
  if (x.shape[3] !== inputs) {
    throw new ShapeError('conv2d', `[B, H, W, ${inputs}]`, x.shape, `The kernel is [${w.shape.join(', ')}].`);
  }
  if (dilation > 1 && stride > 1)
    throw new RangeError(`conv2d: dilation ${dilation} with stride ${stride}. One of them must be 1.`);
  const p = padding ?? (dilation * (kh - 1)) / 2;
  return tf.tidy(() => {
    const recorded = tf.engine().isTapeOn();
    const activated = (y: tf.Tensor4D) => (activate ? relu(y) : y);
    const keepsSize = stride === 1 && kh === kw && p === (dilation * (kh - 1)) / 2;
    if (dilation > 1 && recorded) {
      const y = keepsSize
        ? convByPhases(x, w, dilation)
        : inner(convByPhases(pad2d(x, [p, p, p, p]), w, dilation), w, dilation);
      return activated(bias ? tf.add(y, bias) : y);
    }
    const [input, pad] = keepsSize ? ([x, 'same'] as const) : ([pad2d(x, [p, p, p, p]), 'valid'] as const);
    if (!bias) return activated(tf.conv2d(input, w, stride, pad, 'NHWC', dilation));
    const whole = { x: input, filter: w, strides: stride, pad, dilations: dilation, bias } as const;
    // Under a tape our own ReLU has the cheaper gradient.
    return recorded
      ? activated(tf.fused.conv2d(whole))
      : tf.fused.conv2d({ ...whole, activation: activate ? 'relu' : 'linear' });
  });
}

/** `conv2d` with a module's parameters. */
export const conv = (x: tf.Tensor4D, { weight, bias }: ConvParams, options?: ConvOptions): tf.Tensor4D =>
  conv2d(x, weight, bias, options);

/** Depthwise torch.nn.Conv2d (groups = channels): [B, H, W, C] × [k, k, C, 1] → [B, H', W', C]. */
export function depthwiseConv2d(
  x: tf.Tensor4D,
  w: tf.Tensor4D,
  bias?: tf.Tensor1D | null,
  { stride = 1, padding }: Pick<ConvOptions, 'stride' | 'padding'> = {},
): tf.Tensor4D {
  const [k, , channels] = w.shape;
  if (x.shape[3] !== channels) {
    throw new ShapeError(
      'depthwiseConv2d',
      `[B, H, W, ${channels}]`,
      x.shape,
      `The kernel is [${w.shape.join(', ')}].`,
    );
  }
  const p = padding ?? (k - 1) / 2;
  return tf.tidy(() => {
    const y =
      stride === 1 && p === (k - 1) / 2
        ? tf.depthwiseConv2d(x, w, 1, 'same')
        : tf.depthwiseConv2d(pad2d(x, [p, p, p, p]), w, stride, 'valid');
    return bias ? tf.add(y, bias) : y;
  });
}
