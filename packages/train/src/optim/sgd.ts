import * as tf from '@tensorflow/tfjs-core';
import { createOptimizer, type Optimizer } from './optimizer.js';
import type { ParamRule } from './param-groups.js';

export interface SgdOptions {
  /** Default 0. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** L2, added to the gradient as torch.optim.SGD does. Default 0. */
  readonly weightDecay?: number;
  readonly rules?: readonly ParamRule[];
}

/** Stochastic gradient descent as torch.optim.SGD computes it (its momentum starts at the first gradient, undamped). */
export function sgd({ momentum = 0, nesterov = false, weightDecay = 0, rules = [] }: SgdOptions = {}): Optimizer {
  return createOptimizer(
    {
      stateNames: momentum ? ['momentum_buffer'] : [],
      update({ value, gradient, lr, weightDecay, state: [buffer] }) {
        const decayed = tf.add(gradient, tf.mul(value, weightDecay));
        if (!buffer) return { value: tf.sub(value, tf.mul(decayed, lr)), state: [] };
        const moved = tf.add(tf.mul(buffer, momentum), decayed); // a zero buffer makes the first step the gradient itself
        const direction = nesterov ? tf.add(decayed, tf.mul(moved, momentum)) : moved;
        return { value: tf.sub(value, tf.mul(direction, lr)), state: [moved] };
      },
    },
    weightDecay,
    rules,
  );
}
