import { createRng, dropout2d, initParams, linear, linearSpec, namedTensors, type Tree } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { adamW, polySchedule } from '../index.js';
import type { TrainLoopOptions } from './index.js';

const spec = { first: linearSpec(3, 8), second: linearSpec(8, 1) };
export type ToyOptions = TrainLoopOptions<typeof spec, tf.Tensor2D>;

/**
 * A regression of twelve steps with a checkpoint every fifth. Every step draws random numbers, so that a resume with the
 * wrong state shows at once.
 */
export const toyRun = (dir: string, overrides: Partial<ToyOptions> = {}): ToyOptions => ({
  dir,
  spec,
  init: () => initParams(spec, createRng(5)),
  batches: (start) => {
    let step = start;
    return { next: async () => tf.randomNormal([4, 3], 0, 1, 'float32', ++step) as tf.Tensor2D, close: () => {} };
  },
  loss: (params, x, training) => {
    const hidden = tf.relu(linear(x, params.first));
    const dropped = tf.reshape(dropout2d(tf.reshape(hidden, [4, 1, 1, 8]), 0.25, training), [4, 8]);
    const y = linear(dropped, params.second);
    return { loss: tf.mean(tf.squaredDifference(y, tf.sum(x, 1, true))) as tf.Scalar };
  },
  optimizer: adamW(),
  schedule: polySchedule({ base: 0.05, total: 12, warmup: { iterations: 3 } }),
  steps: 12,
  seed: 3,
  config: '{"a":1}',
  checkpointEvery: 5,
  logEvery: 1,
  ...overrides,
});

/** Names and values of a tree of parameters, to be compared bit for bit. */
export const bitsOf = (params: unknown) =>
  [...namedTensors(params as Tree<tf.Tensor>)].map(([name, tensor]) => [name, [...tensor.dataSync()]]);
