import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { fusedAdamW } from './fused.js';
import { largestError, noise, runOn } from './wasm/test-backends.js';

const [beta1, beta2, epsilon, step] = [0.9, 0.999, 1e-3, 3];

const stateOf = (size: number, each: { rate: boolean; decay: boolean }) => ({
  param: noise([size], 1),
  gradient: noise([size], 2),
  m: noise([size], 3),
  v: tf.abs(noise([size], 4)),
  learningRate: each.rate ? tf.abs(noise([size], 5)) : tf.scalar(0.01),
  weightDecay: each.decay ? tf.abs(noise([size], 6)) : tf.scalar(0.02),
});

/** torch.optim.AdamW written out; ε is large enough to show where it is added. */
function plain({ param, gradient, m, v, learningRate, weightDecay }: ReturnType<typeof stateOf>): tf.Tensor[] {
  const first = tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1));
  const second = tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const denominator = tf.add(tf.mul(tf.sqrt(second), 1 / Math.sqrt(1 - beta2 ** step)), epsilon);
  const move = tf.mul(tf.div(first, denominator), tf.mul(learningRate, 1 / (1 - beta1 ** step)));
  return [tf.sub(tf.sub(param, tf.mul(param, tf.mul(learningRate, weightDecay))), move), first, second];
}

/** A backend's `GssAdamW` equals its composition on cpu, leaves its inputs as they were, and keeps no tensor. */
export async function expectAdamW(backend: string, size: number, tolerance = 1e-6): Promise<void> {
  for (const each of [
    { rate: false, decay: false },
    { rate: true, decay: true },
    { rate: false, decay: true },
    { rate: true, decay: false },
  ]) {
    const expected = await runOn('cpu', () => plain(stateOf(size, each)));
    const actual = await runOn(backend, () => {
      const state = stateOf(size, each);
      const before = tf.memory().numTensors;
      const next = fusedAdamW(state, { beta1, beta2, epsilon, step });
      expect(tf.memory().numTensors - before).toBe(3);
      return [...next, state.param, state.m, state.v];
    });
    for (const [i, values] of expected.entries()) expect(largestError(actual[i]!, values)).toBeLessThan(tolerance);
    const inputs = await runOn('cpu', () => [stateOf(size, each).param, stateOf(size, each).m, stateOf(size, each).v]);
    expect(actual.slice(3)).toEqual(inputs);
  }
}
