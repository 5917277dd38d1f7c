import {
  backend_util,
  Concat,
  type ConcatAttrs,
  type ConcatInputs,
  GatherV2,
  type GatherV2Attrs,
  type GatherV2Inputs,
  Identity,
  type IdentityInputs,
  Slice,
  type SliceAttrs,
  type SliceInputs,
  SplitV,
  type SplitVAttrs,
  type SplitVInputs,
  slice_util,
  type TensorInfo,
  Tile,
  type TileAttrs,
  type TileInputs,
  Transpose,
  type TransposeAttrs,
  type TransposeInputs,
  Unpack,
  type UnpackAttrs,
  type UnpackInputs,
  util,
} from '@tensorflow/tfjs-core';
import {
  address,
  hasWords,
  kernelsOf,
  memoryOf,
  output,
  scratch,
  share,
  type WasmBackend,
  wasmKernel,
} from './backend.js';

/** Bytes from one element to the next along each axis of a dense tensor. */
function steps(shape: readonly number[]): number[] {
  const result = new Array<number>(shape.length);
  let step = 4;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    result[axis] = step;
    step *= shape[axis]!;
  }
  return result;
}

/**
 * Copies elements in the order of `shape`: along each axis source and target move by their own steps (the target is
 * dense unless `to` is given, and contiguous along its last axis).
 * Axes of size 1 go, neighbours that move alike merge, so that most calls are few long runs.
 */
export function copy(
  backend: WasmBackend,
  source: number,
  target: number,
  shape: readonly number[],
  from: readonly number[],
  to: readonly number[] = steps(shape),
): void {
  if (shape.includes(0)) return;
  const axes: [size: number, from: number, to: number][] = [];
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const [fromStep, toStep] = [from[axis]!, to[axis]!];
    const last = axes.at(-1);
    const merges = last && last[1] === fromStep * size && last[2] === toStep * size;
    if (merges) axes[axes.length - 1] = [last[0] * size, fromStep, toStep];
    else axes.push([size, fromStep, toStep]);
  }
  if (axes.at(-1)?.[2] !== 4) axes.push([1, 4, 4]); // the innermost run must lie side by side in the target
  const rank = axes.length;
  const place = scratch(backend, rank * 16);
  const values = new Int32Array(memoryOf(backend).buffer, place, rank * 4);
  values.fill(0, rank * 3);
  for (const [i, axis] of axes.entries()) for (const [j, value] of axis.entries()) values[j * rank + i] = value;
  kernelsOf(backend).copyStrided(source, target, rank, place);
}

export const identity = wasmKernel<IdentityInputs, object>(Identity, ({ x }, backend, _, stock) =>
  x.dtype === 'string' ? stock() : share(backend, x, x.shape),
);

export const transpose = wasmKernel<TransposeInputs, TransposeAttrs>(Transpose, ({ x }, backend, { perm }, stock) => {
  if (!hasWords(x)) return stock();
  const shape = perm.map((axis) => x.shape[axis]!);
  const long = perm.filter((axis) => x.shape[axis] !== 1);
  if (long.every((axis, i) => i === 0 || axis > long[i - 1]!)) return share(backend, x, shape);
  const from = steps(x.shape);
  const out = output(backend, shape, x.dtype);
  copy(
    ...([backend, address(backend, x), address(backend, out), shape] as const),
    perm.map((axis) => from[axis]!),
  );
  return out;
});

/** [1, ..., rows, columns] → [1, ..., columns, rows]; the caller disposes it. */
export function transposeMatrix(backend: WasmBackend, x: TensorInfo): TensorInfo {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const out = output(backend, [...x.shape.slice(0, -2), columns, rows], x.dtype);
  copy(backend, address(backend, x), address(backend, out), [columns, rows], [4, columns * 4]);
  return out;
}

function cut(backend: WasmBackend, x: TensorInfo, begin: readonly number[], size: number[]): TensorInfo {
  const from = steps(x.shape);
  const out = output(backend, size, x.dtype);
  const first = begin.reduce((sum, index, axis) => sum + index * from[axis]!, address(backend, x));
  copy(backend, first, address(backend, out), size, from);
  return out;
}

export const slice = wasmKernel<SliceInputs, SliceAttrs>(Slice, ({ x }, backend, { begin, size }, stock) => {
  if (!hasWords(x)) return stock();
  // parseSliceParams reads nothing but the shape.
  const [starts, sizes] = slice_util.parseSliceParams(
    x as Parameters<typeof slice_util.parseSliceParams>[0],
    begin,
    size,
  );
  slice_util.assertParamsValid(x as Parameters<typeof slice_util.assertParamsValid>[0], starts, sizes);
  return cut(backend, x, starts, sizes);
});

export const unpack = wasmKernel<UnpackInputs, UnpackAttrs>(Unpack, ({ value }, backend, { axis }, stock) => {
  if (!hasWords(value)) return stock();
  const at = axis < 0 ? axis + value.shape.length : axis;
  const size = value.shape.map((length, i) => (i === at ? 1 : length));
  const shape = value.shape.filter((_, i) => i !== at);
  return Array.from({ length: value.shape[at]! }, (_, index) => {
    const begin = size.map((_, i) => (i === at ? index : 0));
    return { ...cut(backend, value, begin, size), shape };
  });
});

export const splitV = wasmKernel<SplitVInputs, SplitVAttrs>(
  SplitV,
  ({ x }, backend, { numOrSizeSplits, axis }, stock) => {
    if (!hasWords(x)) return stock();
    const at = util.parseAxisParam(axis, x.shape)[0]!;
    const lengths = backend_util.prepareSplitSize(
      x as Parameters<typeof backend_util.prepareSplitSize>[0],
      ...([numOrSizeSplits, at] as const),
    );
    let from = 0;
    return lengths.map((length) => {
      const begin = x.shape.map((_, i) => (i === at ? from : 0));
      from += length;
      return cut(
        ...([backend, x, begin] as const),
        x.shape.map((size, i) => (i === at ? length : size)),
      );
    });
  },
);

export const tile = wasmKernel<TileInputs, TileAttrs>(Tile, ({ x }, backend, { reps }, stock) => {
  if (!hasWords(x)) return stock();
  const dense = steps(x.shape);
  const out = output(backend, ...([x.shape.map((size, axis) => size * reps[axis]!), x.dtype] as const));
  const shape = x.shape.flatMap((size, axis) => [reps[axis]!, size]);
  const from = dense.flatMap((step) => [0, step]);
  copy(backend, address(backend, x), address(backend, out), shape, from);
  return out;
});

export const gather = wasmKernel<GatherV2Inputs, GatherV2Attrs>(
  GatherV2,
  ({ x, indices }, backend, { axis, batchDims }, stock) => {
    if (!hasWords(x) || batchDims !== 0 || indices.dtype !== 'int32') return stock();
    const at = util.parseAxisParam(axis, x.shape)[0]!;
    const [outer, inner] = [x.shape.slice(0, at), x.shape.slice(at + 1)];
    const out = output(backend, [...outer, ...indices.shape, ...inner], x.dtype);
    const [source, ids, target] = [address(backend, x), address(backend, indices), address(backend, out)];
    const count = util.sizeFromShape(indices.shape);
    const wrong = kernelsOf(backend).gatherRows(
      ...[source, ids, target, util.sizeFromShape(outer), x.shape[at]!, count, util.sizeFromShape(inner)],
    );
    if (wrong >= 0) {
      const index = new Int32Array(memoryOf(backend).buffer, ids, count)[wrong];
      backend.disposeData(out.dataId);
      throw new RangeError(
        `gather: index ${index} at place ${wrong} is not in [0, ${x.shape[at]! - 1}] of axis ${at}.`,
      );
    }
    return out;
  },
);

export const concat = wasmKernel<ConcatInputs, ConcatAttrs>(Concat, (inputs, backend, { axis }, stock) => {
  const parts = Object.values(inputs) as TensorInfo[];
  const first = parts[0]!;
  if (!parts.every((part) => hasWords(part) && part.dtype === first.dtype)) return stock();
  const at = util.parseAxisParam(axis, first.shape)[0]!;
  const shapes = parts.map(({ shape }) => shape);
  backend_util.assertParamsConsistent(shapes, at);
  const out = output(backend, backend_util.computeOutShape(shapes, at), first.dtype);
  const to = steps(out.shape);
  let target = address(backend, out);
  for (const part of parts) {
    copy(backend, address(backend, part), target, part.shape, steps(part.shape), to);
    target += part.shape[at]! * to[at]!;
  }
  return out;
});
