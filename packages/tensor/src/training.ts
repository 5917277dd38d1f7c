import * as tf from '@tensorflow/tfjs-core';
import type { Rng } from './rng.js';
import type { Tree } from './spec.js';
import { mapTree } from './tree.js';

/**
 * What a forward pass in training needs and leaves behind. Its absence means inference: no global mode.
 * Running statistics are not assigned inside a forward; they gather here, keyed by the buffer they will replace.
 */
export interface Training {
  readonly rng: Rng;
  /** Buffer of the tree → its next value. Filled by `batchNorm`; the tensors are kept and belong to the caller. */
  readonly statistics: Map<tf.Tensor, tf.Tensor>;
}

/** For one forward pass: random numbers of `rng`, no statistics yet. */
export const createTraining = (rng: Rng): Training => ({ rng, statistics: new Map() });

/** The tree with the gathered statistics in place; replaced buffers are disposed, the record is emptied. */
export function withStatistics<T>(params: T, { statistics }: Training): T {
  const next = mapTree(params as Tree<tf.Tensor>, (tensor) => statistics.get(tensor) ?? tensor) as T;
  for (const [old, value] of statistics) if (old !== value) old.dispose();
  statistics.clear();
  return next;
}

/** Drops gathered statistics without using them. */
export function discardStatistics({ statistics }: Training): void {
  tf.dispose([...statistics.values()]);
  statistics.clear();
}
