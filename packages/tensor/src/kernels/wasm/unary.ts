import { Erf, type ErfInputs, Exp, type ExpInputs, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { address, kernelsOf, type WasmBackend, wasmKernel } from './backend.js';

function map(backend: WasmBackend, x: TensorInfo, kernel: 'exp' | 'erf'): TensorInfo {
  const out = backend.makeOutput(x.shape, 'float32');
  kernelsOf(backend)[kernel](address(backend, x), address(backend, out), util.sizeFromShape(x.shape));
  return out;
}

export const exp = wasmKernel<ExpInputs, object>(Exp, ({ x }, backend, _, stock) =>
  x.dtype === 'float32' ? map(backend, x, 'exp') : stock(),
);

export const erf = wasmKernel<ErfInputs, object>(Erf, ({ x }, backend, _, stock) =>
  x.dtype === 'float32' ? map(backend, x, 'erf') : stock(),
);
