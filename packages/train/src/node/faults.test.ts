import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng, initParams, linear, linearSpec, namedTensors, type Tree } from '@gss/tensor';
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adamW } from '../index.js';
import { DivergedError, LoaderError, listCheckpoints, type TrainLoopOptions, trainLoop } from './index.js';

const root = mkdtempSync(join(tmpdir(), 'gss-faults-'));
const spec = linearSpec(3, 1);
type Options = TrainLoopOptions<typeof spec, tf.Tensor2D>;

/** Twelve steps with a checkpoint every fifth. */
const options = (dir: string, more: Partial<Options> = {}): Options => ({
  dir,
  spec,
  init: () => initParams(spec, createRng(5)),
  batches: (start) => {
    let step = start;
    return { next: async () => tf.randomNormal([4, 3], 0, 1, 'float32', ++step) as tf.Tensor2D, close: () => {} };
  },
  loss: (params, x) => ({ loss: tf.mean(tf.squaredDifference(linear(x, params), tf.sum(x, 1, true))) as tf.Scalar }),
  optimizer: adamW(),
  schedule: () => 0.05,
  steps: 12,
  seed: 3,
  config: '{}',
  checkpointEvery: 5,
  logEvery: 1,
  ...more,
});
const bits = ({ params }: { params: unknown }) =>
  [...namedTensors(params as Tree<tf.Tensor>)].map(([name, tensor]) => [name, [...tensor.dataSync()]]);
let undisturbed: unknown;

beforeAll(async () => {
  await tf.setBackend('cpu');
  undisturbed = bits(await trainLoop(options(join(root, 'whole'))));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The run ended by a fault after step 5's checkpoint: that one is there, alone and whole, and the rest follows from it. */
async function goesOn(dir: string): Promise<void> {
  const files = readdirSync(join(dir, 'checkpoints'));
  expect(files).toEqual(['step-00000005.safetensors']);
  const from: number[] = [];
  const rest = await trainLoop(options(dir, { resume: true, onResume: ({ step }) => from.push(step) }));
  expect([from, rest.step, rest.finished]).toEqual([[5], 12, true]);
  expect(bits(rest)).toEqual(undisturbed);
}

test('a loss that is not a number ends the run, the last checkpoint stands and goes on', async () => {
  const dir = join(root, 'nan');
  const { loss } = options(dir);
  const broken: Options['loss'] = (params, x, training, step) => {
    const found = loss(params, x, training, step);
    return step === 8 ? { loss: tf.mul(found.loss, Number.NaN) as tf.Scalar } : found;
  };
  await expect(trainLoop(options(dir, { loss: broken }))).rejects.toThrow(DivergedError);
  await goesOn(dir);
});

test('a worker that dies in the middle of a run ends it, the last checkpoint stands and goes on', async () => {
  const dir = join(root, 'worker');
  const { batches } = options(dir);
  let closed = false;
  const dying: Options['batches'] = (start) => {
    const stream = batches(start);
    let step = start;
    const next = () => {
      if (step++ === 8) throw new LoaderError('loader: a worker thread ended');
      return stream.next();
    };
    return {
      next: async () => next(),
      close: () => {
        closed = true;
      },
    };
  };
  await expect(trainLoop(options(dir, { batches: dying }))).rejects.toThrow('a worker thread ended');
  expect(closed).toBe(true);
  await goesOn(dir);
});

test('what killed writes left is no checkpoint, and the next checkpoint clears it away', async () => {
  const dir = join(root, 'half');
  mkdirSync(join(dir, 'checkpoints'), { recursive: true });
  writeFileSync(join(dir, 'checkpoints', '.step-00000009.safetensors.0a1b2c.tmp'), 'half');
  writeFileSync(join(dir, 'checkpoints', 'mine.tmp'), 'not ours');
  expect(listCheckpoints(join(dir, 'checkpoints'))).toEqual([]);
  expect(bits(await trainLoop(options(dir, { resume: true })))).toEqual(undisturbed);
  expect(readdirSync(join(dir, 'checkpoints')).filter((file) => file.endsWith('.tmp'))).toEqual(['mine.tmp']);
});

const disk = join(root, 'disk');
mkdirSync(disk);
const mounted =
  process.platform === 'linux' && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]).status === 0;
if (!mounted) console.info('skipped: a full disk (mounting a small file system needs root on Linux)');
test.runIf(mounted)(
  'a disk that is full ends the run, the last checkpoint stands and goes on when there is space',
  async () => {
    try {
      const dir = join(disk, 'run');
      const filler = join(disk, 'filler');
      const fill: Options['afterStep'] = (params, step) => {
        for (let size = step === 8 ? 1 << 18 : 0; size >= 1; size >>= 1)
          try {
            writeFileSync(filler, new Uint8Array(size), { flag: 'a' });
          } catch {} // what fits of it stays; a smaller piece follows
        return params;
      };
      const run = trainLoop(options(dir, { afterStep: fill, logEvery: 100 }));
      await expect(run).rejects.toThrow(
        /step-00000010\.safetensors.*could not be written \(ENOSPC\): the disk is full/,
      );
      rmSync(filler);
      await goesOn(dir);
    } finally {
      spawnSync('umount', ['-l', disk]);
    }
  },
);
