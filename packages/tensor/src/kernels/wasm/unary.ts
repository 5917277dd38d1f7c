import {
  Cast,
  type CastAttrs,
  type CastInputs,
  Erf,
  type ErfInputs,
  Exp,
  type ExpInputs,
  Log,
  type LogInputs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { address, hasWords, kernelsOf, output, share, type WasmBackend, wasmKernel } from './backend.js';

type Map = 'exp' | 'erf' | 'log' | 'floatFromInt' | 'floatFromBool';

function map(backend: WasmBackend, x: TensorInfo, kernel: Map): TensorInfo {
  const out = output(backend, x.shape);
  kernelsOf(backend)[kernel](address(backend, x), address(backend, out), util.sizeFromShape(x.shape));
  return out;
}

export const exp = wasmKernel<ExpInputs, object>(Exp, ({ x }, backend, _, stock) =>
  x.dtype === 'float32' ? map(backend, x, 'exp') : stock(),
);

export const erf = wasmKernel<ErfInputs, object>(Erf, ({ x }, backend, _, stock) =>
  x.dtype === 'float32' ? map(backend, x, 'erf') : stock(),
);

export const log = wasmKernel<LogInputs, object>(Log, ({ x }, backend, _, stock) =>
  x.dtype === 'float32' ? map(backend, x, 'log') : stock(),
);

/**
 * Same type: shares the data. To bool: x ≠ 0 (the stock kernel keeps the number modulo 256). To float32: converts. The
 * rest stays with tfjs.
 */
export const cast = wasmKernel<CastInputs, CastAttrs>(Cast, ({ x }, backend, { dtype }, stock) => {
  if (x.dtype === dtype && dtype !== 'string') return share(backend, x, x.shape);
  if (dtype === 'bool' && hasWords(x)) {
    const out = output(backend, x.shape, 'bool');
    const count = util.sizeFromShape(x.shape);
    kernelsOf(backend).boolFromWord(address(backend, x), address(backend, out), count, Number(x.dtype === 'float32'));
    return out;
  }
  if (dtype === 'float32' && x.dtype === 'int32') return map(backend, x, 'floatFromInt');
  if (dtype === 'float32' && x.dtype === 'bool') return map(backend, x, 'floatFromBool');
  return stock();
});
