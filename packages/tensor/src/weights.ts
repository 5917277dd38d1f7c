import * as tf from '@tensorflow/tfjs-core';
import { WeightsError, type WeightsProblem } from './errors.js';
import { initialValues } from './init.js';
import { fromStoredLayout, storedShape, toStoredLayout } from './layout.js';
import { createRng, type Rng } from './rng.js';
import { type Leaf, leavesOf, type ParamsOf, type Spec, type Tree } from './spec.js';
import { type StoredTensor, storedToFloat32, storedToInt32 } from './stored.js';
import { mapSpec, mapTree, namedTensors } from './tree.js';

const show = (shape: readonly number[]) => `[${shape.join(',')}]`;
const floats = new Set(['F64', 'F32', 'F16', 'BF16']);

function problemsOf(spec: Spec, weights: ReadonlyMap<string, StoredTensor>): WeightsProblem[] {
  const leaves = leavesOf(spec);
  const known = new Set(leaves.map(({ name }) => name));
  const problems: WeightsProblem[] = [];
  for (const { name, leaf } of leaves) {
    const stored = weights.get(name);
    if (!stored) {
      if (!leaf.optional) problems.push({ kind: 'missing', name, detail: show(storedShape(leaf)) });
    } else if (show(stored.shape) !== show(storedShape(leaf))) {
      problems.push({ kind: 'shape', name, detail: `expected ${show(storedShape(leaf))}, got ${show(stored.shape)}` });
    } else if (leaf.dtype === 'float32' && !floats.has(stored.dtype)) {
      problems.push({ kind: 'dtype', name, detail: `expected a float type, got ${stored.dtype}` });
    }
  }
  for (const [name, { shape }] of weights) {
    if (!known.has(name)) problems.push({ kind: 'unexpected', name, detail: show(shape) });
  }
  return problems;
}

const fresh = (leaf: Leaf, rng: Rng): tf.Tensor => tf.tensor(initialValues(leaf, rng), [...leaf.shape], leaf.dtype);

/**
 * Stored weights → parameter tree, by name. Strict: throws one WeightsError that lists every missing, unexpected and
 * misshapen parameter, before any tensor is made. `who` names the model in that error.
 */
export function loadParams<const S extends Spec>(
  who: string,
  spec: S,
  weights: ReadonlyMap<string, StoredTensor>,
): ParamsOf<S> {
  const problems = problemsOf(spec, weights);
  if (problems.length) throw new WeightsError(who, problems, leavesOf(spec).length);
  return mapSpec(spec, (leaf, name) => {
    const stored = weights.get(name);
    if (!stored) return fresh(leaf, createRng(0)); // optional: counters and fixed tables, nothing random
    const data = leaf.dtype === 'int32' ? storedToInt32(stored) : storedToFloat32(stored);
    return tf.tensor(fromStoredLayout(leaf, data), [...leaf.shape], leaf.dtype);
  }) as unknown as ParamsOf<S>;
}

/** A fresh tree, every leaf drawn from its own fork of `rng` (so adding a leaf changes no other leaf's numbers). */
export function initParams<const S extends Spec>(spec: S, rng: Rng): ParamsOf<S> {
  return mapSpec(spec, (leaf, name) => fresh(leaf, rng.fork(name))) as unknown as ParamsOf<S>;
}

/**
 * The tensors of a tree that has all of a spec's parameters, by name.
 * @throws WeightsError that lists the others, as of parameters that `foldNorms` folded
 */
export function tensorsOf(who: string, spec: Spec, params: Tree<tf.Tensor>): Map<string, tf.Tensor> {
  const tensors = namedTensors(params);
  const leaves = leavesOf(spec);
  const missing = leaves.filter(({ name }) => !tensors.has(name));
  if (missing.length === 0) return tensors;
  const folded = [...tensors.keys()].some((name) => name.endsWith('.folded'));
  const remedy = ' (their norms are folded for inference; take the parameters that foldNorms was given)';
  throw new WeightsError(
    `${who}${folded ? remedy : ''}`,
    missing.map(({ name, leaf }) => ({ kind: 'missing', name, detail: show(storedShape(leaf)) })),
    leaves.length,
  );
}

/** Parameter tree → stored weights under the reference's names and layouts, in the spec's order. */
export async function stateDict(spec: Spec, params: Tree<tf.Tensor>): Promise<Map<string, StoredTensor>> {
  const tensors = tensorsOf('stateDict', spec, params);
  const out = new Map<string, StoredTensor>();
  for (const { name, leaf } of leavesOf(spec)) {
    const data = await tensors.get(name)!.data();
    out.set(
      name,
      leaf.dtype === 'int32'
        ? {
            dtype: 'I64',
            shape: storedShape(leaf),
            data: BigInt64Array.from(toStoredLayout(leaf, data as Int32Array), BigInt),
          }
        : { dtype: 'F32', shape: storedShape(leaf), data: toStoredLayout(leaf, data as Float32Array) },
    );
  }
  return out;
}

/**
 * The same tree with its trained leaves as unnamed variables, buffers as they are. The given tensors now belong to the
 * result: leaves that became variables are disposed.
 */
export function trainable<T>(spec: Spec, params: T, train: (name: string) => boolean = () => true): T {
  const leaves = new Map(leavesOf(spec).map(({ name, leaf }) => [name, leaf]));
  return mapTree(params as Tree<tf.Tensor>, (tensor, name) => {
    if (leaves.get(name)?.leaf === 'buffer' || !train(name) || tensor instanceof tf.Variable) return tensor;
    const variable = tf.variable(tensor);
    tensor.dispose();
    return variable;
  }) as T;
}

/** The same tree with plain tensors at every leaf: the variables' values, which the variables no longer own. */
export function frozen<T>(params: T): T {
  return mapTree(params as Tree<tf.Tensor>, (tensor) => {
    if (!(tensor instanceof tf.Variable)) return tensor;
    const value = tf.tidy(() => tensor.clone());
    tensor.dispose();
    return value;
  }) as T;
}

/** The variables of a tree by parameter name. */
export function variablesOf(params: Tree<tf.Tensor>): Map<string, tf.Variable> {
  const found = new Map<string, tf.Variable>();
  for (const [name, tensor] of namedTensors(params)) if (tensor instanceof tf.Variable) found.set(name, tensor);
  return found;
}
