import {
  backend_util,
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropFilterInputs,
  DepthwiseConv2dNativeBackpropInput,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type DepthwiseConv2dNativeBackpropInputInputs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { address, kernelsOf, output, requireFloat, type WasmBackend, wasmKernel } from './backend.js';
import { geometry } from './conv.js';

type Shape4D = [number, number, number, number];
type Attrs = Omit<DepthwiseConv2dNativeBackpropFilterAttrs, 'filterShape'>;

const depthwiseInfo = (inputShape: Shape4D, filterShape: Shape4D, attrs: Attrs) =>
  backend_util.computeConv2DInfo(
    ...([inputShape, filterShape, attrs.strides, attrs.dilations, attrs.pad, attrs.dimRoundingMode] as const),
    true,
  );

function run(
  backend: WasmBackend,
  info: backend_util.Conv2DInfo,
  tensors: [x: TensorInfo, dy: TensorInfo, w: TensorInfo],
  input: boolean,
): void {
  const [x, dy, w] = tensors.map((tensor) => address(backend, tensor)) as [number, number, number];
  const multiplier = info.outChannels / info.inChannels;
  kernelsOf(backend).depthwiseGradient(
    ...[x, dy, w, Number(input), info.batchSize, info.inHeight, info.inWidth, info.inChannels, multiplier],
    ...[info.outHeight, info.outWidth, ...geometry(info)],
  );
}

/** [N, H, W, C], [N, oH, oW, C · multiplier] → [kH, kW, C, multiplier] */
export const depthwiseBackpropFilter = wasmKernel<
  DepthwiseConv2dNativeBackpropFilterInputs,
  DepthwiseConv2dNativeBackpropFilterAttrs
>(DepthwiseConv2dNativeBackpropFilter, ({ x, dy }, backend, { filterShape, ...attrs }) => {
  requireFloat(DepthwiseConv2dNativeBackpropFilter, x, dy);
  const info = depthwiseInfo(x.shape as Shape4D, filterShape, attrs);
  const out = output(backend, info.filterShape);
  run(backend, info, [x, dy, out], false);
  return out;
});

/** [N, oH, oW, C · multiplier], [kH, kW, C, multiplier] → [N, H, W, C] */
export const depthwiseBackpropInput = wasmKernel<
  DepthwiseConv2dNativeBackpropInputInputs,
  DepthwiseConv2dNativeBackpropInputAttrs
>(DepthwiseConv2dNativeBackpropInput, ({ dy, filter }, backend, { inputShape, ...attrs }) => {
  requireFloat(DepthwiseConv2dNativeBackpropInput, dy, filter);
  const info = depthwiseInfo(inputShape, filter.shape as Shape4D, attrs);
  const out = output(backend, info.inShape);
  run(backend, info, [out, dy, filter], true);
  return out;
});
