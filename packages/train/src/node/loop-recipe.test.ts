import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  batchNorm,
  batchNormSpec,
  createRng,
  initParams,
  linear,
  linearSpec,
  namedTensors,
  type Tree,
} from '@gss/tensor';
import { expectClose } from '@gss/testing';
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { adamW, groupedOptimizer, sgd } from '../index.js';
import { DivergedError, type TrainLoopOptions, trainLoop } from './index.js';

const spec = { first: linearSpec(3, 8), bn: batchNormSpec(8), second: linearSpec(8, 1) };
type Options = TrainLoopOptions<typeof spec, tf.Tensor2D>;
let dir: string;

beforeAll(async () => {
  await tf.setBackend('cpu');
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gss-recipe-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Rows of the stream: batch b of `size` has rows b·size …, so that sizes can be compared. */
const rows = (batch: number, size: number) =>
  tf.concat(
    Array.from({ length: size }, (_, i) => tf.randomNormal([1, 3], 0, 1, 'float32', 1 + batch * size + i)),
  ) as tf.Tensor2D;
const options = (overrides: Partial<Options> = {}, size = 2, norm = false): Options => ({
  dir,
  spec,
  init: () => initParams(spec, createRng(5)),
  batches: (start) => {
    let batch = start;
    let last: tf.Tensor2D | undefined;
    return {
      next: async () => {
        last?.dispose();
        last = tf.tidy(() => rows(batch++, size));
        return last;
      },
      close: () => last?.dispose(),
    };
  },
  loss: (params, x, training) => {
    const hidden = tf.relu(linear(x, params.first));
    const normed = norm
      ? tf.reshape(batchNorm(tf.reshape(hidden, [-1, 1, 1, 8]), params.bn, training), [-1, 8])
      : hidden;
    const y = linear(normed as tf.Tensor2D, params.second);
    const loss = tf.mean(tf.squaredDifference(y, tf.sum(x, 1, true))) as tf.Scalar;
    return { loss, logs: { twice: tf.mul(loss, 2) } };
  },
  optimizer: sgd({ momentum: 0.9 }),
  schedule: () => 0.02,
  steps: 6,
  seed: 3,
  config: '{"a":1}',
  logEvery: 1,
  ...overrides,
});
const tensors = (params: unknown) => namedTensors(params as Tree<tf.Tensor>);
const bits = (params: unknown) => [...tensors(params)].map(([name, tensor]) => [name, [...tensor.dataSync()]]);
const logOf = (): Record<string, number>[] =>
  readFileSync(join(dir, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('accumulate', () => {
  test('gives the numbers of one larger batch', async () => {
    const large = await trainLoop(options({ clipNorm: 0.5 }, 6));
    const first = logOf()[0]!;
    rmSync(dir, { recursive: true });
    const small = await trainLoop(options({ accumulate: 3, clipNorm: 0.5 }, 2));
    for (const [name, tensor] of tensors(large.params)) expectClose(tensors(small.params).get(name)!, tensor, 1e-6);
    for (const key of ['loss', 'twice', 'optim/grad_norm']) expect(logOf()[0]![key]).toBeCloseTo(first[key]!, 5);
  });

  test('moves running statistics with each batch, and resumes to the same bits', async () => {
    const whole = await trainLoop(options({ accumulate: 2 }, 3, true));
    expect(tensors(whole.params).get('bn.num_batches_tracked')!.dataSync()[0]).toBe(12);
    rmSync(dir, { recursive: true });
    const stopper = new AbortController();
    const stop = { signal: stopper.signal, onProgress: ({ step }: { step: number }) => step === 4 && stopper.abort() };
    await trainLoop(options({ accumulate: 2, ...stop } as Partial<Options>, 3, true));
    const resumed = { accumulate: 2, resume: true, optimizer: sgd({ momentum: 0.9 }) };
    expect(bits((await trainLoop(options(resumed, 3, true))).params)).toEqual(bits(whole.params));
  });

  test('does not go with further phases', async () => {
    const { loss, optimizer, schedule } = options();
    const phase = { name: 'critic', updates: () => true, loss, optimizer, schedule };
    await expect(trainLoop(options({ accumulate: 2, further: [phase] }))).rejects.toThrow('does not go with further');
  });
});

describe('divergence', () => {
  /** The loss of each step as given, whatever the parameters. */
  const losses = (values: readonly number[]): Partial<Options> => ({
    steps: values.length,
    checkpointEvery: 5,
    loss: (params, x, _, step) => ({
      loss: tf.add(tf.mul(tf.sum(linear(x, params.first)), 0), values[step]!) as tf.Scalar,
    }),
    divergence: { factor: 3, patience: 2 },
  });

  test('ends a run whose loss stays far above its running median, naming the last checkpoint', async () => {
    const run = trainLoop(options(losses([1, 1, 2, 1, 1, 1, 8, 9, 9])));
    await expect(run).rejects.toThrow(DivergedError);
    await expect(run).rejects.toThrow(
      /at step 8 the loss is 9.* 2 logged steps .* above 3 times its running median of 1\.000.*step-00000005\.safetensors \(step 5\)/,
    );
  });

  test('lets single peaks, a rough start and slow growth be', async () => {
    const { finished } = await trainLoop(options(losses([90, 1, 1, 2, 1, 1, 9, 1, 9, 1, 2, 2, 3, 3, 3, 3])));
    expect(finished).toBe(true);
  });
});

describe('parameters that join later', () => {
  const thawing = (overrides: Partial<Options> = {}): Options =>
    options({
      updates: (name, step) => step >= 3 || !name.startsWith('first.'),
      optimizer: groupedOptimizer((name) => (name.startsWith('first.') ? 'late' : 'always'), adamW),
      schedule: () => 0.1,
      ...overrides,
    });

  test('rest until then, start with fresh moments, and resume on either side to the same bits', async () => {
    const seen = new Map<number, Map<string, number[]>>();
    const whole = await trainLoop(
      thawing({
        afterStep: (params, step) => {
          seen.set(step, new Map([...tensors(params)].map(([name, tensor]) => [name, [...tensor.dataSync()]])));
          return params;
        },
      }),
    );
    const of = (step: number, name: string) => seen.get(step)!.get(name)!;
    expect(of(3, 'first.weight')).toEqual(of(1, 'first.weight'));
    expect(of(2, 'second.weight')).not.toEqual(of(1, 'second.weight'));
    // Adam's first move is the rate itself (and the decay): neither larger nor damped.
    const moves = of(4, 'first.weight').map((value, i) => Math.abs(value - of(3, 'first.weight')[i]!));
    expect(Math.max(...moves)).toBeCloseTo(0.1, 2);
    for (const at of [2, 4]) {
      rmSync(dir, { recursive: true });
      const stopper = new AbortController();
      await trainLoop(thawing({ signal: stopper.signal, onProgress: ({ step }) => step === at && stopper.abort() }));
      const rest = await trainLoop(thawing({ resume: true }));
      expect(bits(rest.params)).toEqual(bits(whole.params));
    }
  });
});

test('memory is flat: after a few steps neither tensors nor bytes grow', async () => {
  const seen: { numTensors: number; numBytes: number }[] = [];
  await trainLoop(
    options(
      {
        steps: 60,
        accumulate: 2,
        ema: { decay: 0.9 },
        optimizer: adamW(),
        evaluate: async () => ({ mIoU: 1 }),
        evaluateEvery: 20,
        bestBy: 'mIoU',
        checkpointEvery: 15,
        divergence: { factor: 10, patience: 3 },
        afterStep: (params) => {
          const { numTensors, numBytes } = tf.memory();
          seen.push({ numTensors, numBytes });
          return params;
        },
      },
      2,
      true,
    ),
  );
  expect(seen).toHaveLength(60);
  for (const later of seen.slice(3)) expect(later).toEqual(seen[2]);
});

test('the wait for data is in the log and in the result', async () => {
  const { batches } = options();
  const slow: Options['batches'] = (start) => {
    const stream = batches(start);
    let waited = 0;
    return {
      async next() {
        await new Promise((done) => setTimeout(done, 5));
        waited += 5;
        return stream.next();
      },
      get waited() {
        return waited;
      },
      close: stream.close,
    };
  };
  const { waiting } = await trainLoop(options({ batches: slow }));
  expect(waiting).toBeGreaterThan(0);
  expect(waiting).toBeLessThanOrEqual(1);
  expect(logOf().every((line) => line['time/waiting']! > 0)).toBe(true);
});
