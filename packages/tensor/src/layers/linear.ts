import * as tf from '@tensorflow/tfjs-core';
import { type Initializer, type Leaf, matrix, vector } from '../spec.js';

export interface LinearParams {
  readonly weight: tf.Tensor2D;
  readonly bias?: tf.Tensor1D | undefined;
}

/** torch.nn.Linear with a bias. */
export const linearSpec = (
  inputs: number,
  outputs: number,
  init: Initializer = { type: 'truncatedNormal', std: 0.02 },
) => ({
  weight: matrix(inputs, outputs, init),
  bias: vector(outputs),
});

/** torch.nn.Linear without a bias. */
export const linearNoBiasSpec = (
  inputs: number,
  outputs: number,
  init?: Initializer,
): { weight: Leaf<tf.Rank.R2> } => ({
  weight: matrix(inputs, outputs, init ?? { type: 'truncatedNormal', std: 0.02 }),
});

/** [..., in] → [..., out]. One 2-D product: the fast path of every backend. */
export function linear<T extends tf.Tensor>(x: T, { weight, bias }: LinearParams): T {
  return tf.tidy(() => {
    const [inputs, outputs] = weight.shape;
    const flat = tf.reshape(x, [-1, inputs]); // [N, in]
    const y = tf.matMul(flat as tf.Tensor2D, weight); // [N, out]
    return tf.reshape(bias ? tf.add(y, bias) : y, [...x.shape.slice(0, -1), outputs]) as T;
  });
}
