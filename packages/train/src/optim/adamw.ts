import { fusedAdamW, hasFused } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { createOptimizer, type Optimizer } from './optimizer.js';
import type { ParamRule } from './param-groups.js';

export interface AdamWOptions {
  /** Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly eps?: number;
  /** Decoupled weight decay, default 0.01. */
  readonly weightDecay?: number;
  /** Per-parameter multipliers, e.g. `noDecayRules`. */
  readonly rules?: readonly ParamRule[];
}

/** AdamW (Loshchilov & Hutter) as torch.optim.AdamW computes it. With weightDecay 0 it is torch.optim.Adam. */
export function adamW({
  betas: [b1, b2] = [0.9, 0.999],
  eps = 1e-8,
  weightDecay = 0.01,
  rules = [],
}: AdamWOptions = {}): Optimizer {
  return createOptimizer(
    {
      stateNames: ['exp_avg', 'exp_avg_sq'],
      update({ value, gradient, lr, weightDecay, state: [m, v], step }) {
        if (hasFused('GssAdamW')) {
          const inputs = { param: value, gradient, m: m!, v: v!, learningRate: lr, weightDecay };
          const [next, ...moments] = fusedAdamW(inputs, { beta1: b1, beta2: b2, epsilon: eps, step });
          return { value: next, state: moments as tf.Tensor1D[] };
        }
        const decayed = tf.sub(value, tf.mul(value, tf.mul(lr, weightDecay)));
        const mean = tf.add(tf.mul(m!, b1), tf.mul(gradient, 1 - b1));
        const square = tf.add(tf.mul(v!, b2), tf.mul(tf.square(gradient), 1 - b2));
        const denominator = tf.add(tf.mul(tf.sqrt(square), 1 / Math.sqrt(1 - b2 ** step)), eps);
        const move = tf.mul(tf.div(mean, denominator), tf.mul(lr, 1 / (1 - b1 ** step)));
        return { value: tf.sub(decayed, move), state: [mean, square] };
      },
    },
    weightDecay,
    rules,
  );
}
