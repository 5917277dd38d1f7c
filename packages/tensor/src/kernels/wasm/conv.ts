import {
  backend_util,
  Conv2D,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropFilterInputs,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  type Conv2DBackpropInputInputs,
  getKernel,
  type NamedAttrMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { address, kernelsOf, output, requireFloat, scratch, type WasmBackend, wasmKernel } from './backend.js';
import { gemmScratch } from './matmul.js';
import { copy } from './move.js';

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
    const out = output(backend, info.filterShape);
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

/**
 * The gradient at stride 1 as a convolution of dy with the filter turned by 180° and its channels swapped, which XNNPACK
 * does at full speed (and, in the threaded build, on all threads); undefined when the forward pad exceeds the filter.
 */
function asConvolution(
  backend: WasmBackend,
  dy: TensorInfo,
  filter: TensorInfo,
  { strideHeight, strideWidth, padInfo }: ConvInfo,
): TensorInfo | undefined {
  const [height, width, inputs, outputs] = filter.shape as Shape4D;
  const [top, bottom] = [height - 1 - padInfo.top, height - 1 - padInfo.bottom];
  const [left, right] = [width - 1 - padInfo.left, width - 1 - padInfo.right];
  const stock = getKernel(Conv2D, 'wasm');
  if (strideHeight !== 1 || strideWidth !== 1 || Math.min(top, bottom, left, right) < 0 || !stock) return undefined;
  const shape = [height, width, outputs, inputs];
  const turned = output(backend, shape);
  const tap = inputs * outputs * 4;
  const lastTap = address(backend, filter) + (height * width - 1) * tap;
  copy(backend, lastTap, address(backend, turned), shape, [-width * tap, -tap, 4, outputs * 4]);
  const pad = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  const attrs = { strides: [1, 1], pad, dataFormat: 'NHWC', dilations: [1, 1], dimRoundingMode: undefined };
  const out = stock.kernelFunc({ inputs: { x: dy, filter: turned }, backend, attrs: attrs as object as NamedAttrMap });
  backend.disposeData(turned.dataId);
  return out as TensorInfo;
}

/** [N, oH, oW, outputs], [kH, kW, C, outputs] → [N, H, W, C] */
export const conv2dBackpropInput = wasmKernel<Conv2DBackpropInputInputs, Conv2DBackpropInputAttrs>(
  Conv2DBackpropInput,
  ({ dy, filter }, backend, { strides, pad, dataFormat, dimRoundingMode, inputShape }) => {
    requireFloat(Conv2DBackpropInput, dy, filter);
    requireChannelsLast(Conv2DBackpropInput, dataFormat);
    const filterShape = filter.shape as Shape4D;
    const info = backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
    const convolved = asConvolution(backend, dy, filter, info);
    if (convolved) return convolved;
    const out = output(backend, info.inShape);
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
