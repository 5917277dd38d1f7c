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

/** [..., in] → [..., out]. One 2-D product with its bias, the fast path of every backend, and its gradient in three. */
export function linear<T extends tf.Tensor>(x: T, { weight, bias }: LinearParams): T {
  const [inputs, outputs] = weight.shape;
  const op = tf.customGrad((...args) => {
    const [x, weight, bias] = args.slice(0, -1) as unknown as [tf.Tensor, tf.Tensor2D, tf.Tensor1D?];
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const flat = tf.reshape(x, [-1, inputs]) as tf.Tensor2D; // [N, in]
    const y = bias ? tf.fused.matMul({ a: flat, b: weight, bias }) : tf.matMul(flat, weight); // [N, out]
    save([flat, weight]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [flat, weight] = saved as [tf.Tensor2D, tf.Tensor2D];
      const g = tf.reshape(dy, [-1, outputs]) as tf.Tensor2D;
      const dX = tf.reshape(tf.matMul(g, weight, false, true), x.shape);
      const dWeight = tf.matMul(flat, g, true);
      return bias ? [dX, dWeight, tf.sum(g, 0)] : [dX, dWeight];
    };
    return { value: tf.reshape(y, [...x.shape.slice(0, -1), outputs]), gradFunc };
  });
  return (bias ? op(x, weight, bias) : op(x, weight)) as T;
}
