import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { prepareUtil } from '../../node/util-shim.js';
import { largestError, noise, runOn } from '../wasm/test-backends.js';
import { registerTensorflowKernels } from './index.js';

/** Why the native backend is not here, or undefined where it is. */
export async function startNative(): Promise<string | undefined> {
  prepareUtil();
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  try {
    await import('@tensorflow/tfjs-node-gpu');
    await tf.setBackend('tensorflow');
    registerTensorflowKernels();
    return undefined;
  } catch (error) {
    return String(error).split('\n')[0];
  }
}
export type Fn = (...inputs: tf.Tensor[]) => tf.Tensor;

/** The value and every gradient of `f` on the tensorflow backend equal those of `plain` on cpu. */
export async function expectSame(f: Fn, plain: Fn, inputs: () => tf.Tensor[], tolerance = 1e-5): Promise<void> {
  const all = (fn: Fn) => () => {
    const xs = inputs();
    const y = fn(...xs);
    const { value, grads } = { value: y, grads: tf.grads(fn)(xs, noise(y.shape, 99)) };
    return [value, ...grads];
  };
  const expected = await runOn('cpu', all(plain));
  const actual = await runOn('tensorflow', all(f));
  for (const [i, values] of expected.entries()) expect(largestError(actual[i]!, values)).toBeLessThan(tolerance);
}

/** A kernel of tfjs' own gives on tensorflow, with ours in its place, what it gives on cpu. */
export async function expectAsOnCpu(make: () => tf.Tensor | tf.Tensor[], tolerance = 1e-5): Promise<void> {
  const expected = await runOn('cpu', make);
  const actual = await runOn('tensorflow', make);
  for (const [i, values] of expected.entries()) expect(largestError(actual[i]!, values)).toBeLessThanOrEqual(tolerance);
}
