import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { expect } from 'vitest';
import { registerWasmKernels } from './index.js';

registerWasmKernels();

/** Pseudo-random floats in [-1, 1): the same for the same seed. */
export function noise(shape: number[], seed = 1): tf.Tensor {
  let state = seed * 2654435761;
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return tf.tensor(values, shape);
}

/** Runs `make` on one backend and reads its results; nothing may stay behind. */
export async function runOn(backend: string, make: () => tf.Tensor | tf.Tensor[]): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const results = [tf.tidy(make)].flat();
  const values = results.map((result) => Float32Array.from(result.dataSync()));
  tf.dispose(results);
  expect(tf.memory().numTensors).toBe(before);
  return values;
}

/** Largest |actual − expected| / (1 + |expected|); Infinity where exactly one of them is NaN or infinite. */
export function largestError(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  for (const [i, e] of expected.entries()) {
    const a = actual[i]!;
    if (Object.is(a, e)) continue;
    const error = Math.abs(a - e) / (1 + Math.abs(e));
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return worst;
}

/** The results of `make` on wasm, with our kernels, equal those of the cpu backend. */
export async function expectAsOnCpu(make: () => tf.Tensor | tf.Tensor[], tolerance = 1e-5): Promise<void> {
  const expected = await runOn('cpu', make);
  const actual = await runOn('wasm', make);
  for (const [i, values] of expected.entries()) expect(largestError(actual[i]!, values)).toBeLessThanOrEqual(tolerance);
}
