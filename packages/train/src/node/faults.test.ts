import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DivergedError, LoaderError, listCheckpoints, trainLoop } from './index.js';
import { bitsOf, type ToyOptions, toyRun } from './test-run.js';

const root = mkdtempSync(join(tmpdir(), 'gss-faults-'));
let undisturbed: unknown;

beforeAll(async () => {
  await tf.setBackend('cpu');
  undisturbed = bitsOf((await trainLoop(toyRun(join(root, 'whole')))).params);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The run ended by a fault after step 5's checkpoint: that one is there, alone and whole, and the rest follows from it. */
async function goesOn(dir: string): Promise<void> {
  const files = readdirSync(join(dir, 'checkpoints'));
  expect(files).toEqual(['step-00000005.safetensors']);
  const from: number[] = [];
  const rest = await trainLoop(toyRun(dir, { resume: true, onResume: ({ step }) => from.push(step) }));
  expect([from, rest.step, rest.finished]).toEqual([[5], 12, true]);
  expect(bitsOf(rest.params)).toEqual(undisturbed);
}

test('a loss that is not a number ends the run, the last checkpoint stands and goes on', async () => {
  const dir = join(root, 'nan');
  const { loss } = toyRun(dir);
  const broken: ToyOptions['loss'] = (params, x, training, step) => {
    const found = loss(params, x, training, step);
    return step === 8 ? { loss: tf.mul(found.loss, Number.NaN) as tf.Scalar } : found;
  };
  await expect(trainLoop(toyRun(dir, { loss: broken }))).rejects.toThrow(DivergedError);
  await goesOn(dir);
});

test('a worker that dies in the middle of a run ends it, the last checkpoint stands and goes on', async () => {
  const dir = join(root, 'worker');
  const { batches } = toyRun(dir);
  let closed = false;
  const dying: ToyOptions['batches'] = (start) => {
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
  await expect(trainLoop(toyRun(dir, { batches: dying }))).rejects.toThrow('a worker thread ended');
  expect(closed).toBe(true);
  await goesOn(dir);
});

test('what killed writes left is no checkpoint, and the next checkpoint clears it away', async () => {
  const dir = join(root, 'half');
  mkdirSync(join(dir, 'checkpoints'), { recursive: true });
  writeFileSync(join(dir, 'checkpoints', '.step-00000009.safetensors.0a1b2c.tmp'), 'half');
  writeFileSync(join(dir, 'checkpoints', 'mine.tmp'), 'not ours');
  expect(listCheckpoints(join(dir, 'checkpoints'))).toEqual([]);
  expect(bitsOf((await trainLoop(toyRun(dir, { resume: true }))).params)).toEqual(undisturbed);
  expect(readdirSync(join(dir, 'checkpoints')).filter((file) => file.endsWith('.tmp'))).toEqual(['mine.tmp']);
});

test('a disk that is full ends the run, the last checkpoint stands and goes on when there is space', async ({
  skip,
}) => {
  const disk = join(root, 'disk');
  mkdirSync(disk);
  const mount = ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk];
  if (process.platform !== 'linux' || spawnSync('mount', mount).status !== 0) {
    console.info('skipped: a full disk (mounting a small file system needs root on Linux)');
    skip('mounting a small file system needs root on Linux');
  }
  try {
    const dir = join(disk, 'run');
    const filler = join(disk, 'filler');
    const fill: ToyOptions['afterStep'] = (params, step) => {
      for (let size = step === 8 ? 1 << 18 : 0; size >= 1; size >>= 1)
        try {
          writeFileSync(filler, new Uint8Array(size), { flag: 'a' });
        } catch {} // what fits of it stays; a smaller piece follows
      return params;
    };
    const run = trainLoop(toyRun(dir, { afterStep: fill, logEvery: 100 }));
    await expect(run).rejects.toThrow(/step-00000010\.safetensors.*could not be written \(ENOSPC\): the disk is full/);
    rmSync(filler);
    await goesOn(dir);
  } finally {
    spawnSync('umount', ['-l', disk]);
  }
});
