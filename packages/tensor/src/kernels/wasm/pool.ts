import { backend_util, MaxPoolGrad, type MaxPoolGradAttrs, type MaxPoolGradInputs } from '@tensorflow/tfjs-core';
import { address, kernelsOf, output, requireFloat, wasmKernel } from './backend.js';
import { geometry } from './conv.js';

/** [N, oH, oW, C], [N, H, W, C] → [N, H, W, C]. The stock kernel starts its search at 0: negative windows get nothing. */
export const maxPoolGrad = wasmKernel<MaxPoolGradInputs, MaxPoolGradAttrs>(
  MaxPoolGrad,
  ({ dy, input }, backend, { filterSize, strides, pad, dimRoundingMode }) => {
    requireFloat(MaxPoolGrad, dy, input);
    const shape = input.shape as [number, number, number, number];
    const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const out = output(backend, info.inShape);
    kernelsOf(backend).maxPoolGradient(
      ...[address(backend, input), address(backend, dy), address(backend, out), info.batchSize],
      ...[info.inHeight, info.inWidth, info.inChannels, info.outHeight, info.outWidth, ...geometry(info)],
    );
    return out;
  },
);
