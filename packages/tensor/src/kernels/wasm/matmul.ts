import {
  BatchMatMul,
  type BatchMatMulAttrs,
  type BatchMatMulInputs,
  broadcast_util,
  util,
} from '@tensorflow/tfjs-core';
import { address, isThreaded, kernelsOf, output, requireFloat, scratch, wasmKernel } from './backend.js';
import { transposeMatrix } from './move.js';

/** Bytes of packed operands: (KC · NC + MC · KC) floats of assembly/gemm.ts. */
export const gemmScratch = (256 * 512 + 100 * 256) * 4;

/**
 * [...batch, m, k] · [...batch, k, n] → [...batch, m, n], any operand transposed, batches broadcast. In the threaded build
 * a large single product goes to XNNPACK, transposed operands copied first: its threads are worth more than our kernel.
 */
export const batchMatMul = wasmKernel<BatchMatMulInputs, BatchMatMulAttrs>(
  BatchMatMul,
  ({ a, b }, backend, { transposeA, transposeB }, stock) => {
    requireFloat(BatchMatMul, a, b);
    const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
    const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
    const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
    const [inner, n] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
    if (k !== inner) {
      throw new Error(
        `matMul: inner sizes ${k} and ${inner} differ (${a.shape} × ${b.shape}, transposeA=${transposeA}, transposeB=${transposeB}).`,
      );
    }
    const aOuter = a.shape.slice(0, -2);
    const bOuter = b.shape.slice(0, -2);
    const outer = broadcast_util.assertAndGetBroadcastShape(aOuter, bOuter);
    const batch = util.sizeFromShape(outer);
    if (isThreaded(backend) && batch === 1 && m * n * k >= 2 ** 18) {
      const left = transposeA ? transposeMatrix(backend, a) : a;
      const right = transposeB ? transposeMatrix(backend, b) : b;
      const product = stock({ inputs: { a: left, b: right }, attrs: { transposeA: false, transposeB: false } });
      if (left !== a) backend.disposeData(left.dataId);
      if (right !== b) backend.disposeData(right.dataId);
      return product;
    }
    const out = output(backend, [...outer, m, n]);
    const work = scratch(backend, gemmScratch);
    const [pa, pb, pc] = [address(backend, a), address(backend, b), address(backend, out)];
    const { batchedGemm } = kernelsOf(backend);
    const [ta, tb] = [Number(transposeA), Number(transposeB)];
    const aBatches = util.sizeFromShape(aOuter);
    const bBatches = util.sizeFromShape(bOuter);
    if (bBatches === 1 && !transposeA && aBatches === batch) {
      batchedGemm(pa, 0, 0, pb, 0, tb, pc, 1, batch * m, n, k, work); // one B for all: the batch is more rows
    } else if ((aBatches === batch || aBatches === 1) && (bBatches === batch || bBatches === 1)) {
      const [aStep, bStep] = [aBatches === 1 ? 0 : m * k * 4, bBatches === 1 ? 0 : k * n * 4];
      batchedGemm(pa, aStep, ta, pb, bStep, tb, pc, batch, m, n, k, work);
    } else {
      const aIndex = broadcastIndices(aOuter, outer);
      const bIndex = broadcastIndices(bOuter, outer);
      for (let i = 0; i < batch; i++) {
        const [ai, bi] = [pa + aIndex[i]! * m * k * 4, pb + bIndex[i]! * k * n * 4];
        batchedGemm(ai, 0, ta, bi, 0, tb, pc + i * m * n * 4, 1, m, n, k, work);
      }
    }
    return out;
  },
);

/** For each element of `outer`, in order, the index of the element of `shape` that broadcasts to it. */
function broadcastIndices(shape: readonly number[], outer: readonly number[]): number[] {
  let indices = [0];
  let stride = 1;
  for (let axis = outer.length - 1; axis >= 0; axis--) {
    const size = shape[axis - outer.length + shape.length] ?? 1;
    const step = size === 1 ? 0 : stride;
    indices = Array.from({ length: outer[axis]! }, (_, i) => indices.map((index) => index + i * step)).flat();
    stride *= size;
  }
  return indices;
}
