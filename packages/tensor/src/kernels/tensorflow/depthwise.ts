import {
  backend_util,
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
