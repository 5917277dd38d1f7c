import {
  leavesOf,
  type Spec,
  type StoredTensor,
  stateDict,
  storedToFloat32,
  storedToInt32,
  type Tree,
  trainable,
  variablesOf,
} from '@gss/tensor';
import type { Golden } from '@gss/testing';
import * as tf from '@tensorflow/tfjs-core';
import type { Check } from './family.js';

/** The values of a stored tensor, integers as integers. */
export function storedValues(stored: StoredTensor): Float32Array | Int32Array {
  return stored.dtype.includes('F') ? storedToFloat32(stored) : storedToInt32(stored);
}

export function expectedValues(golden: Golden, name: string): Float32Array | Int32Array {
  const stored = golden.tensors.get(name);
  if (!stored) throw new Error(`golden fixture ${golden.name} has no tensor ${name}`);
  return storedValues(stored);
}

const largest = (values: ArrayLike<number>) => {
  let max = 0;
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i]!));
  return max;
};

type Bound = { readonly atol?: number | string; readonly rtol?: number | string } | 'exact' | string;

const matches = (pattern: string, name: string) =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.\\+?^$()[\]{}|]/g, '\\$&'))
      .join('.*')}$`,
  ).test(name);

/**
 * The bound that a manifest sets for a tensor: the longest pattern that fits its name, else `default`, else that of the
 * golden README. Bounds may be words: "exact", "1e-4 of the largest value of the tensor".
 */
export function boundOf(
  golden: Golden,
  name: string,
  expected: ArrayLike<number>,
): Pick<Check, 'exact' | 'atol' | 'rtol'> {
  const bounds = (golden.manifest.tolerance ?? {}) as Record<string, Bound>;
  const patterns = Object.keys(bounds).filter((pattern) => matches(pattern, name));
  const pattern = patterns.sort((a, b) => b.length - a.length)[0] ?? 'default';
  const bound = bounds[pattern] ?? (name.startsWith('grad.') ? { atol: 0, rtol: 1e-3 } : { atol: 1e-5, rtol: 1e-4 });
  if (typeof bound === 'string') return { exact: true };
  const number = (value: number | string | undefined) =>
    typeof value === 'string'
      ? Number.parseFloat(value) * (value.includes('largest') ? largest(expected) : 1)
      : (value ?? 0);
  return { atol: number(bound.atol), rtol: number(bound.rtol) };
}

/** Our tensor, already in the fixture's layout, against the fixture's tensor `name`. */
export function check(golden: Golden, name: string, actual: tf.Tensor | ArrayLike<number>): Check {
  const expected = expectedValues(golden, name);
  const values = actual instanceof tf.Tensor ? actual.dataSync() : actual;
  const integers = !golden.tensors.get(name)!.dtype.includes('F');
  return { name, actual: values, expected, ...(integers ? { exact: true } : boundOf(golden, name, expected)) };
}

/** [B, H, W, C] → values in PyTorch's order [B, C, H, W]. */
export function nchw(x: tf.Tensor4D): Float32Array {
  const turned = tf.transpose(x, [0, 3, 1, 2]);
  const values = turned.dataSync() as Float32Array;
  turned.dispose();
  return values;
}

/** Every n-th row and column of [B, H, W, C], from 0, as `.everyN` tensors hold them. */
export function everyNth(x: tf.Tensor4D, n: number): tf.Tensor4D {
  const [B, H, W, C] = x.shape;
  return tf.tidy(() => tf.stridedSlice(x, [0, 0, 0, 0], [B, H, W, C], [1, n, n, 1]) as tf.Tensor4D);
}

export interface Gradients {
  readonly loss: number;
  /** By parameter name, in the layout of a checkpoint. */
  readonly parameters: ReadonlyMap<string, StoredTensor>;
  /** One an input, as the input lies in memory. */
  readonly inputs: readonly tf.Tensor[];
}

/** Gradients of `loss(params, inputs)` with respect to every parameter and input. `params` and `inputs` are used up. */
export async function gradientsOf<P>(
  spec: Spec,
  params: P,
  inputs: readonly tf.Tensor[],
  loss: (params: P, inputs: readonly tf.Variable[]) => tf.Scalar,
): Promise<Gradients> {
  const trained = trainable(spec, params);
  const watched = inputs.map((input) => tf.variable(input));
  const variables = variablesOf(trained as Tree<tf.Tensor>);
  const { value, grads } = tf.variableGrads(() => loss(trained, watched), [...variables.values(), ...watched]);
  const gradient = (variable: tf.Variable) => grads[variable.name] ?? tf.zerosLike(variable);
  const leaves = new Map(leavesOf(spec).map(({ name, leaf }) => [name, leaf]));
  const names = [...variables.keys()];
  const flatSpec = Object.fromEntries(names.map((name) => [name, leaves.get(name)!]));
  const flat = Object.fromEntries(names.map((name) => [name, gradient(variables.get(name)!)]));
  return {
    loss: value.dataSync()[0]!,
    parameters: await stateDict(flatSpec, flat),
    inputs: watched.map(gradient),
  };
}
