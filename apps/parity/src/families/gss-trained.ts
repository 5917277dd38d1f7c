import { disposeTree, loadParams, type Spec, stateDict, storedToFloat32, storedToInt32, type Tree } from '@gss/tensor';
import type { Golden } from '@gss/testing';
import type * as tf from '@tensorflow/tfjs-core';
import { check, expectedValues } from '../compare.js';
import type { Check } from '../family.js';

interface Trained {
  readonly golden: Golden;
  readonly spec: Spec;
}

/** Names of parameters whose true gradient is zero. */
function noiseOf(golden: Golden): (name: string) => boolean {
  const patterns = (golden.manifest.no_true_gradient as string[]).map((pattern) => new RegExp(`^(?:${pattern})$`));
  return (name) => patterns.some((pattern) => pattern.test(name));
}

/**
 * The parameters after the steps: 98 % of all elements within 0.02 · lr + 1e-4 · |value|, and none further off than the
 * steps could carry it. Elements whose gradient is rounding noise are moved by AdamW as far as any other.
 */
export async function afterChecks({ golden, spec }: Trained, params: Tree<tf.Tensor>): Promise<Check[]> {
  const { optimiser, trace } = golden.manifest;
  const noise = noiseOf(golden);
  const ours = await stateDict(spec, params);
  const prefix = 'output.after.';
  let far = 0;
  let total = 0;
  const checks: Check[] = [];
  for (const name of golden.tensors.keys()) {
    const key = name.slice(prefix.length);
    if (!name.startsWith(prefix) || key.startsWith('decode_head.d_vae.') || noise(key)) continue;
    const stored = ours.get(key);
    if (!stored) throw new Error(`${golden.name}: ${name} is no parameter of the model`);
    const expected = expectedValues(golden, name);
    if (!stored.dtype.includes('F')) {
      checks.push(check(golden, name, storedToInt32(stored)));
      continue;
    }
    const actual = storedToFloat32(stored);
    for (const [i, value] of expected.entries()) {
      if (!(Math.abs(actual[i]! - value) <= 0.02 * optimiser.lr + 1e-4 * Math.abs(value))) far += 1;
    }
    total += expected.length;
    checks.push({ name, actual, expected, atol: 2 * trace.length * optimiser.lr, rtol: 2e-3 });
  }
  return [
    ...checks,
    { name: 'output.after.* (share that differs)', actual: [far / total], expected: [0], atol: 0.02, rtol: 0 },
  ];
}

/**
 * Our trained parameters, with the reference's values where the true gradient is zero: there AdamW walks at random, and
 * the running means, which lag behind, let it show in inference. Takes `params` over.
 */
export async function withoutNoise({ golden, spec }: Trained, params: Tree<tf.Tensor>): Promise<Tree<tf.Tensor>> {
  const noise = noiseOf(golden);
  const ours = await stateDict(spec, params);
  for (const name of ours.keys()) {
    const theirs = golden.tensors.get(`output.after.${name}`);
    if (theirs && noise(name)) ours.set(name, theirs);
  }
  disposeTree(params);
  return loadParams('gss', spec, ours) as unknown as Tree<tf.Tensor>;
}
