import { ArgMax, getKernel, type NamedAttrMap, type TensorInfo, util } from '@tensorflow/tfjs-core';
import {
  address,
  isThreaded,
  kernelsOf,
  output,
  requireFloat,
  scratch,
  type WasmBackend,
  wasmKernel,
} from './backend.js';

/** As in assembly/classify.ts. */
const [blockRows, blockColumns] = [100, 256];

type Inputs = Record<'x' | 'weight' | 'bias', TensorInfo>;

/** The same by the kernels of tfjs, whose product runs on all threads of the threaded build. */
function byProduct(
  backend: WasmBackend,
  { x, weight, bias }: Inputs,
  [rows, inputs, outputs]: [number, number, number],
) {
  const [a, b] = [
    { ...x, shape: [1, rows, inputs] },
    { ...weight, shape: [1, inputs, outputs] },
  ];
  const run = (name: string, inputs: Record<string, TensorInfo>, attrs: object) =>
    getKernel(name, 'wasm')!.kernelFunc({ inputs, backend, attrs: attrs as NamedAttrMap }) as TensorInfo;
  const linear = { transposeA: false, transposeB: false, activation: 'linear', leakyreluAlpha: undefined };
  const product = run('_FusedMatMul', { a, b, bias }, linear);
  const places = run(ArgMax, { x: product }, { axis: 2 });
  backend.disposeData(product.dataId);
  return { ...places, shape: x.shape.slice(0, -1) };
}

/** arg max over the outputs of a linear layer: [..., in], [in, out] (in any shape), [out] → int32 [...]. */
export const linearArgMax = wasmKernel<Inputs, object>('GssLinearArgMax', (tensors, backend) => {
  const { x, weight, bias } = tensors;
  requireFloat('GssLinearArgMax', x, weight, bias);
  const inputs = x.shape.at(-1)!;
  const outputs = weight.shape.at(-1)!;
  const shape = x.shape.slice(0, -1);
  const rows = util.sizeFromShape(shape);
  if (isThreaded(backend) && rows > 0) return byProduct(backend, tensors, [rows, inputs, outputs]);
  const out = output(backend, shape, 'int32');
  const work = scratch(backend, ((inputs + blockRows) * blockColumns + rows) * 4);
  const places = [x, weight, bias, out].map((tensor) => address(backend, tensor));
  kernelsOf(backend).classify(...places, rows, outputs, inputs, work);
  return out;
});

/** 1 − H(softmax x) / ln n over the last axis: [..., n] → [...]. */
export const certainty = wasmKernel<Record<'logits', TensorInfo>, object>('GssCertainty', ({ logits }, backend) => {
  requireFloat('GssCertainty', logits);
  const out = output(backend, logits.shape.slice(0, -1));
  const rows = util.sizeFromShape(out.shape);
  kernelsOf(backend).certainty(address(backend, logits), address(backend, out), rows, logits.shape.at(-1)!);
  return out;
});
