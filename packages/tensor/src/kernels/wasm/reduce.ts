import {
  Mean,
  type MeanAttrs,
  type MeanInputs,
  Sum,
  type SumAttrs,
  type SumInputs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { address, kernelsOf, output, type WasmBackend, wasmKernel } from './backend.js';

/** Neighbouring axes that are both summed or both kept, as one: [size, summed]. */
function runs(shape: readonly number[], axes: readonly number[]): [size: number, summed: boolean][] {
  const result: [number, boolean][] = [];
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const summed = axes.includes(axis);
    const last = result.at(-1);
    if (last?.[1] === summed) last[0] *= size;
    else result.push([size, summed]);
  }
  return result;
}

/** Sums over `axes`, times `scale`: each run of summed axes from the last to the first, without a transposition. */
function reduce(backend: WasmBackend, x: TensorInfo, axes: readonly number[], scale: number): TensorInfo {
  const parts = runs(x.shape, axes);
  const places = parts.flatMap(([, summed], i) => (summed ? [i] : [])).reverse();
  if (places.length === 0) places.push(parts.push([1, true]) - 1); // nothing to sum: copies, times scale
  let current = x;
  for (const [i, place] of places.entries()) {
    const outer = parts.slice(0, place).reduce((product, [size]) => product * size, 1);
    const inner = parts.slice(place + 1).reduce((product, [size, summed]) => (summed ? product : product * size), 1);
    const next = output(backend, [outer, inner]);
    const [from, to] = [address(backend, current), address(backend, next)];
    const factor = i === places.length - 1 ? scale : 1;
    kernelsOf(backend).reduceSum(from, to, outer, parts[place]![0], inner, factor);
    if (current !== x) backend.disposeData(current.dataId);
    current = next;
  }
  return current;
}

function reduced(x: TensorInfo, axis: number | number[], keepDims: boolean): { axes: number[]; shape: number[] } {
  const axes = util.parseAxisParam(axis, x.shape);
  const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
  return { axes, shape: keepDims ? kept : x.shape.filter((_, i) => !axes.includes(i)) };
}

/** Σ over axes; long sums go through blocks, so that their error stays that of a pairwise sum. */
export const sum = wasmKernel<SumInputs, SumAttrs>(Sum, ({ x }, backend, { axis, keepDims }, stock) => {
  if (x.dtype !== 'float32') return stock();
  const { axes, shape } = reduced(x, axis, keepDims);
  return { ...reduce(backend, x, axes, 1), shape };
});

export const mean = wasmKernel<MeanInputs, MeanAttrs>(Mean, ({ x }, backend, { axis, keepDims }, stock) => {
  if (x.dtype !== 'float32') return stock();
  const { axes, shape } = reduced(x, axis, keepDims);
  const count = axes.reduce((product, i) => product * x.shape[i]!, 1);
  return { ...reduce(backend, x, axes, 1 / count), shape };
});
