import {
  _FusedMatMul,
  type _FusedMatMulAttrs,
  type _FusedMatMulInputs,
  BatchMatMul,
  type BatchMatMulAttrs,
  type BatchMatMulInputs,
  Cast,
  type CastAttrs,
  type CastInputs,
  GatherV2,
  type GatherV2Attrs,
  type GatherV2Inputs,
  Mean,
  type MeanAttrs,
  type MeanInputs,
  Reshape,
  type ReshapeAttrs,
  type ReshapeInputs,
  Sum,
  type SumAttrs,
  type SumInputs,
  type TensorInfo,
  Transpose,
  type TransposeAttrs,
  type TransposeInputs,
  util,
} from '@tensorflow/tfjs-core';
import { areFloat, nativeKernel, type Session } from './native.js';

// Faster forms of kernels that tfjs-node has: mostly they save what tfjs-node does around TensorFlow's operation.

/** The same data for another tensor. */
function share({ backend }: Session, { dataId, shape, dtype }: TensorInfo): TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}

/** Gradients of tfjs reshape to the shape that a tensor has already: those are free. */
export const reshape = nativeKernel<ReshapeInputs, ReshapeAttrs>(Reshape, ({ x }, s, { shape }) => {
  const full = util.inferFromImplicitShape(shape, util.sizeFromShape(x.shape));
  if (util.arraysEqual(full, x.shape)) return share(s, x);
  return s.give(s.op('Reshape', [s.read(x), s.ints(full)]));
});

export const cast = nativeKernel<CastInputs, CastAttrs>(Cast, ({ x }, s, { dtype }) =>
  x.dtype === dtype ? share(s, x) : undefined,
);

export const transpose = nativeKernel<TransposeInputs, TransposeAttrs>(Transpose, ({ x }, s, { perm }) =>
  s.give(s.op('Transpose', [s.read(x), s.ints(perm)])),
);

/** TensorFlow checks the indices itself on the CPU; tfjs-node reads them all back to check them in JavaScript. */
export const gather = nativeKernel<GatherV2Inputs, GatherV2Attrs>(GatherV2, ({ x, indices }, s, attrs) => {
  if (indices.dtype !== 'int32' || s.backend.isUsingGpuDevice) return undefined;
  const axis = util.parseAxisParam(attrs.axis, x.shape)[0]!;
  return s.give(s.op('GatherV2', [s.read(x), s.read(indices), s.int(axis)], { batch_dims: attrs.batchDims ?? 0 }));
});

/** The operation of tfjs-node, with less around it. */
export const batchMatMul = nativeKernel<BatchMatMulInputs, BatchMatMulAttrs>(
  BatchMatMul,
  ({ a, b }, s, { transposeA, transposeB }) =>
    areFloat(a, b) ? s.give(s.batchMatMul(s.read(a), s.read(b), transposeA, transposeB)) : undefined,
);

/**
 * With a bias and without activation, undefined otherwise. TensorFlow's own fused operation wants a list of names, which
 * tfjs-node cannot pass.
 */
export function product(
  { a, b, bias }: { readonly a: TensorInfo; readonly b: TensorInfo; readonly bias?: TensorInfo | undefined },
  s: Session,
  { transposeA, transposeB, activation }: _FusedMatMulAttrs,
): TensorInfo | undefined {
  if (bias?.shape.length !== 1 || !areFloat(a, b, bias) || activation !== 'linear') return undefined;
  const made = s.batchMatMul(s.read(a), s.read(b), transposeA, transposeB);
  if (made.shape.at(-1) !== bias.shape[0]) return undefined; // a bias of one value for all
  return s.give(s.op('AddV2', [made, s.read(bias)]));
}

export const fusedMatMul = nativeKernel<_FusedMatMulInputs, _FusedMatMulAttrs>(
  _FusedMatMul,
  ({ a, b, bias }, s, attrs) => product({ a, b, bias }, s, attrs),
);

type Axes = number | readonly number[] | null | undefined;
const axesOf = (axis: Axes, { shape }: TensorInfo) =>
  util.parseAxisParam((axis ?? null) as number | number[], shape as number[]).sort((i, j) => i - j);

/** A sum over all axes but the last is the gradient of adding a bias, which TensorFlow has in a faster form. */
export const sum = nativeKernel<SumInputs, SumAttrs>(Sum, ({ x }, s, { axis, keepDims }) => {
  if (!areFloat(x)) return undefined;
  const axes = axesOf(axis, x);
  const rank = x.shape.length;
  const columns = rank > 1 && axes.length === rank - 1 && axes.at(-1) === rank - 2;
  if (!columns) return s.give(s.op('Sum', [s.read(x), s.ints(axes)], { keep_dims: keepDims ?? false }));
  const sums = s.op('BiasAddGrad', [s.read(x)]);
  return s.give(sums, keepDims ? [...new Array<number>(rank - 1).fill(1), x.shape.at(-1)!] : sums.shape);
});

export const mean = nativeKernel<MeanInputs, MeanAttrs>(Mean, ({ x }, s, { axis, keepDims }) => {
  if (!areFloat(x)) return undefined;
  return s.give(s.op('Mean', [s.read(x), s.ints(axesOf(axis, x))], { keep_dims: keepDims ?? false }));
});
