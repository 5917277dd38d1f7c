import {
  backend_util,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropFilterInputs,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  type Conv2DBackpropInputInputs,
} from '@tensorflow/tfjs-core';
import { address, kernelsOf, requireFloat, scratch, wasmKernel } from './backend.js';
import { gemmScratch } from './matmul.js';

type ConvInfo = backend_util.Conv2DInfo;
type Shape4D = [number, number, number, number];

function requireChannelsLast(kernel: string, dataFormat: string): void {
  if (dataFormat !== 'NHWC') {
    throw new RangeError(`${kernel} (wasm): expected dataFormat NHWC, got ${dataFormat}. Transpose to channels-last.`);
  }
}

/** [N, H, W, C], [N, oH, oW, outputs] → [kH, kW, C, outputs] */
export const conv2dBackpropFilter = wasmKernel<Conv2DBackpropFilterInputs, Conv2DBackpropFilterAttrs>(
  Conv2DBackpropFilter,
  ({ x, dy }, backend, { strides, pad, dataFormat, dimRoundingMode, filterShape }) => {
    requireFloat(Conv2DBackpropFilter, x, dy);
    requireChannelsLast(Conv2DBackpropFilter, dataFormat);
    const info = backend_util.computeConv2DInfo(x.shape as Shape4D, filterShape, strides, 1, pad, dimRoundingMode);
    const out = backend.makeOutput(info.filterShape, 'float32');
    const columns = info.filterHeight * info.filterWidth * info.inChannels;
    const outputs = info.outChannels;
    const floats = 256 * 512 + outputs * 256 + outputs * columns;
    const work = scratch(backend, floats * 4);
    const { setConvolution, convFilterGradient } = kernelsOf(backend);
    setConvolution(
      ...[info.inHeight, info.inWidth, info.inChannels, info.outHeight, info.outWidth, info.filterWidth],
      ...[info.strideHeight, info.strideWidth, 1, 1, info.padInfo.top, info.padInfo.left],
    );
    const pixels = info.batchSize * info.outHeight * info.outWidth;
    const [px, pdy, pout] = [address(backend, x), address(backend, dy), address(backend, out)];
    convFilterGradient(px, pdy, pout, columns, outputs, pixels, work);
    return out;
  },
);

/** Sizes in the order in which the kernels of assembly/ take them. */
export const geometry = (info: ConvInfo): number[] => [
  ...[info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth],
  ...[info.dilationHeight, info.dilationWidth, info.padInfo.top, info.padInfo.left],
];

/** [N, oH, oW, outputs], [kH, kW, C, outputs] → [N, H, W, C] */
export const conv2dBackpropInput = wasmKernel<Conv2DBackpropInputInputs, Conv2DBackpropInputAttrs>(
  Conv2DBackpropInput,
  ({ dy, filter }, backend, { strides, pad, dataFormat, dimRoundingMode, inputShape }) => {
    requireFloat(Conv2DBackpropInput, dy, filter);
    requireChannelsLast(Conv2DBackpropInput, dataFormat);
    const filterShape = filter.shape as Shape4D;
    const info = backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
    const out = backend.makeOutput(info.inShape, 'float32');
    const columns = info.filterHeight * info.filterWidth * info.inChannels;
    const work = scratch(backend, gemmScratch + 64 * columns * 4);
    kernelsOf(backend).convInputGradient(
      ...[address(backend, dy), address(backend, filter), address(backend, out), info.batchSize],
      ...[info.inHeight, info.inWidth, info.inChannels, info.outHeight, info.outWidth, info.outChannels],
      ...geometry(info),
      work,
    );
    return out;
  },
);
