import { leavesOf, type Spec, storedShape } from '@gss/tensor';
import type { Weights } from './weights.js';

export interface Named {
  readonly name: string;
  readonly shape: readonly number[];
}

/** How tensors fit a model. */
export interface Fit {
  /** Tensors that the model needs and that are not there. */
  readonly missing: readonly Named[];
  /** Not there either, but computed where they are not: counters and index tables. */
  readonly optional: readonly Named[];
  readonly misshapen: readonly (Named & { readonly expected: readonly number[] })[];
  /** Tensors that the model does not know. */
  readonly unknown: readonly Named[];
}

const equal = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((size, i) => size === b[i]);

/** Compares names and shapes with a model's spec, as `loadParams` will. */
export function fit(weights: Weights, spec: Spec): Fit {
  const leaves = leavesOf(spec);
  const known = new Set(leaves.map(({ name }) => name));
  const absent = leaves.filter(({ name }) => !weights.has(name));
  const named = ({ name, leaf }: (typeof leaves)[number]): Named => ({ name, shape: storedShape(leaf) });
  return {
    missing: absent.filter(({ leaf }) => !leaf.optional).map(named),
    optional: absent.filter(({ leaf }) => leaf.optional).map(named),
    misshapen: leaves.flatMap((entry) => {
      const { name, shape: expected } = named(entry);
      const shape = weights.get(name)?.shape;
      return shape && !equal(shape, expected) ? [{ name, shape: [...shape], expected }] : [];
    }),
    unknown: [...weights].flatMap(([name, { shape }]) => (known.has(name) ? [] : [{ name, shape: [...shape] }])),
  };
}
