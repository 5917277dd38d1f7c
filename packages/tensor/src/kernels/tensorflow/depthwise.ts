import {
  backend_util,
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropFilterInputs,
  FusedDepthwiseConv2D,
  type FusedDepthwiseConv2DAttrs,
  type FusedDepthwiseConv2DInputs,
} from '@tensorflow/tfjs-core';
import { areFloat, nativeKernel } from './native.js';

type Shape4D = [number, number, number, number];
const activations: Readonly<Record<string, string | undefined>> = { relu: 'Relu', relu6: 'Relu6', elu: 'Elu' };

/**
 * Depthwise convolution, bias and activation without a tensor of tfjs between them, and with TensorFlow's `BiasAdd`
 * where tfjs-node broadcasts an addition.
 */
export const fusedDepthwiseConv2d = nativeKernel<FusedDepthwiseConv2DInputs, FusedDepthwiseConv2DAttrs>(
  FusedDepthwiseConv2D,
  ({ x, filter, bias }, s, { strides, pad, dilations, dataFormat, dimRoundingMode, activation }) => {
    const known = activation === 'linear' || activations[activation];
    if (!known || !bias || !areFloat(x, filter, bias) || (dataFormat as string) === 'NCHW') return undefined;
    const info = backend_util.computeConv2DInfo(
      x.shape as Shape4D,
      filter.shape as Shape4D,
      ...([strides, dilations, pad, dimRoundingMode, true] as const),
    );
    const padding = info.padInfo.type;
    const even = info.strideHeight === info.strideWidth && info.dilationHeight === 1 && info.dilationWidth === 1;
    if (!even || bias.shape.length !== 1 || bias.shape[0] !== info.outChannels) return undefined;
    if (padding !== 'SAME' && padding !== 'VALID') return undefined;
    const attributes = { strides: [1, info.strideHeight, info.strideWidth, 1], padding, data_format: 'NHWC' };
    const y = s.op('DepthwiseConv2dNative', [s.read(x), s.read(filter)], attributes);
    const shifted = s.op('BiasAdd', [y, s.read(bias)], { data_format: 'NHWC' });
    const operation = activations[activation];
    return s.give(operation ? s.op(operation, [shifted]) : shifted);
  },
);

/**
 * The filter's gradient, of filters from 5 × 5 on, by TensorFlow's own kernel: oneDNN's takes 2 to 5 times as long there
 * (16² × 1152, one thread: 4.5 ms for 1.4), but is faster for 3 × 3. It knows no explicit padding, so asking for that is
 * the way past it.
 */
export const depthwiseBackpropFilter = nativeKernel<
  DepthwiseConv2dNativeBackpropFilterInputs,
  DepthwiseConv2dNativeBackpropFilterAttrs
>(DepthwiseConv2dNativeBackpropFilter, ({ x, dy }, s, { strides, dilations, pad, dimRoundingMode, filterShape }) => {
  const [rows, columns] = filterShape;
  if (Math.min(rows, columns) < 5 || !areFloat(x, dy)) return undefined;
  const info = backend_util.computeConv2DInfo(
    x.shape as Shape4D,
    filterShape,
    ...([strides, dilations, pad, dimRoundingMode, true] as const),
  );
  if (info.strideHeight !== info.strideWidth || info.dilationHeight !== 1 || info.dilationWidth !== 1) return undefined;
  const { top, bottom, left, right } = info.padInfo;
  const attributes = {
    strides: [1, info.strideHeight, info.strideWidth, 1],
    padding: 'EXPLICIT',
    explicit_paddings: [0, 0, top, bottom, left, right, 0, 0],
    data_format: 'NHWC',
  };
  const inputs = [s.read(x), s.ints(filterShape), s.read(dy)];
  return s.give(s.op('DepthwiseConv2dNativeBackpropFilter', inputs, attributes));
});
