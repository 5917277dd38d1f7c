import * as tf from '@tensorflow/tfjs-core';
import { isLeaf, type Leaf, type Spec, type Tree } from './spec.js';

/** The same tree with every tensor replaced by `fn(tensor, name)`. */
export function mapTree<T extends Tree<tf.Tensor>, U>(
  tree: T,
  fn: (tensor: tf.Tensor, name: string) => U,
  prefix = '',
): Tree<U> {
  if (tree instanceof tf.Tensor) return fn(tree, prefix);
  const visit = (child: Tree<tf.Tensor> | undefined, key: string | number) =>
    child === undefined ? undefined : mapTree(child, fn, prefix ? `${prefix}.${key}` : `${key}`);
  if (Array.isArray(tree)) return tree.map(visit) as Tree<U>;
  return Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, visit(child, key)])) as Tree<U>;
}

/** The tree that a spec describes, each leaf made by `fn(leaf, name)`. */
export function mapSpec<U>(spec: Spec, fn: (leaf: Leaf, name: string) => U, prefix = ''): Tree<U> {
  if (isLeaf(spec)) return fn(spec, prefix);
  const visit = (child: Spec | undefined, key: string | number) =>
    child === undefined ? undefined : mapSpec(child, fn, prefix ? `${prefix}.${key}` : `${key}`);
  if (Array.isArray(spec)) return spec.map(visit) as Tree<U>;
  return Object.fromEntries(Object.entries(spec).map(([key, child]) => [key, visit(child as Spec, key)])) as Tree<U>;
}

/** Every tensor of a tree with its name, in the tree's order. */
export function namedTensors(tree: Tree<tf.Tensor>): Map<string, tf.Tensor> {
  const found = new Map<string, tf.Tensor>();
  mapTree(tree, (tensor, name) => found.set(name, tensor));
  return found;
}

/** Disposes every tensor of a tree. */
export function disposeTree(tree: Tree<tf.Tensor>): void {
  mapTree(tree, (tensor) => tensor.dispose());
}
