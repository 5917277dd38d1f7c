import { createRng } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Operations of the large layer, 64 × 64 pixels, 64 → 64 channels, 3 × 3: multiply and add count as two. */
const largeOperations = 64 * 64 * 64 * 64 * 9 * 2;
const smallOperations = 32 * 32 * 32 * 32 * 9 * 2;

/** Uniform in ± `range`. */
function noise(shape: [number, number, number, number], range: number): tf.Tensor4D {
  const rng = createRng(1);
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => (2 * rng.uniform() - 1) * range);
  return tf.tensor4d(values, shape);
}

/** Milliseconds of `layers` convolutions one after the other, reading one number back. */
async function time(size: number, channels: number, layers: number): Promise<number> {
  const x = noise([1, size, size, channels], 1);
  const w = noise([3, 3, channels, channels], 0.1);
  const began = performance.now();
  const sum = tf.tidy(() => {
    let y = x;
    for (let i = 0; i < layers; i++) y = tf.relu(tf.conv2d(y, w, 1, 1));
    return tf.mean(y);
  });
  await sum.data();
  const milliseconds = performance.now() - began;
  tf.dispose([x, w, sum]);
  return milliseconds;
}

/**
 * Milliseconds that the current backend takes for a convolution of 0.3 GFLOP, shaders compiled. The share of dispatch and reading back
 * is kept small by four layers in a row. A backend that is slow already on a layer of a sixteenth (a GPU in software) is
 * judged by that.
 */
export async function probe(): Promise<number> {
  await time(32, 32, 1);
  const small = (await time(32, 32, 1)) * (largeOperations / smallOperations);
  if (small > 640) return small;
  await time(64, 64, 1);
  return Math.min((await time(64, 64, 4)) / 4, (await time(64, 64, 4)) / 4);
}
