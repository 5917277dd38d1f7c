import {
  Conv2D,
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropFilterInputs,
  type Conv2DInputs,
  FusedConv2D,
  type FusedConv2DAttrs,
  type FusedConv2DInputs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { areFloat, nativeKernel, rowsOf } from './native.js';

/** Whether a convolution is a product of matrices: 1×1, every position, no padding. */
function isProduct(filter: readonly number[], strides: number | readonly number[], pad: unknown): boolean {
  const moves = [strides].flat().every((stride) => stride === 1);
  return filter[0] === 1 && filter[1] === 1 && moves && (pad === 'same' || pad === 'valid' || pad === 0);
}

const matrixOf = ({ shape }: TensorInfo): [number, number] => [shape[2]!, shape[3]!];

export const conv2d = nativeKernel<Conv2DInputs, Conv2DAttrs>(Conv2D, ({ x, filter }, s, attrs) => {
  const { strides, pad, dataFormat } = attrs;
  if (!areFloat(x, filter) || dataFormat !== 'NHWC' || !isProduct(filter.shape, strides, pad)) return undefined;
  const y = s.matMul(s.read(x, rowsOf(x)), s.read(filter, matrixOf(filter)));
  return s.give(y, [...x.shape.slice(0, 3), filter.shape[3]!]);
});

/** With a bias and without activation. TensorFlow's own fused operations want a list of names, which tfjs-node cannot pass. */
export const fusedConv2d = nativeKernel<FusedConv2DInputs, FusedConv2DAttrs>(
  FusedConv2D,
  ({ x, filter, bias }, s, { strides, pad, dataFormat, activation }) => {
    if (bias?.shape.length !== 1 || !areFloat(x, filter, bias) || activation !== 'linear') return undefined;
    if (dataFormat !== 'NHWC' || !isProduct(filter.shape, strides, pad)) return undefined;
    const y = s.matMul(s.read(x, rowsOf(x)), s.read(filter, matrixOf(filter)));
    return s.give(s.op('BiasAdd', [y, s.read(bias)]), [...x.shape.slice(0, 3), filter.shape[3]!]);
  },
);

/** The filter's gradient of a 1×1 convolution, xᵀ dy: a quarter faster than TensorFlow's Conv2DBackpropFilter. */
export const conv2dBackpropFilter = nativeKernel<Conv2DBackpropFilterInputs, Conv2DBackpropFilterAttrs>(
  Conv2DBackpropFilter,
  ({ x, dy }, s, { strides, pad, dataFormat, filterShape }) => {
    if (!areFloat(x, dy) || dataFormat !== 'NHWC' || !isProduct(filterShape, strides, pad)) return undefined;
    return s.give(s.matMul(s.read(x, rowsOf(x)), s.read(dy, rowsOf(dy)), true), filterShape);
  },
);
