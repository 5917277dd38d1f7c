import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DatasetSource, TransformSpec } from '@gss/datasets';
import { bundleWorker } from '@gss/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Batch, createLoader, type LoaderOptions, makeBatch } from './index.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '..', '..', '..', '..');
const source: DatasetSource = { kind: 'synthetic-streets', seed: 5, count: 7, width: 64, height: 48 };
const pipeline: TransformSpec[] = [
  { type: 'Resize', width: 64, height: 48, ratioRange: [0.8, 1.5] },
  { type: 'RandomCrop', width: 32, height: 32, catMaxRatio: 0.75 },
  { type: 'RandomFlip' },
  { type: 'PhotoMetricDistortion' },
  { type: 'Pad', width: 32, height: 32 },
];
let worker: string;

beforeAll(async () => {
  worker = await bundleWorker(join(here, 'loader-worker.ts'), join(root, 'packages', 'train'), root);
});

async function batches(count: number, options: Partial<LoaderOptions> = {}): Promise<Batch[]> {
  const loader = createLoader({ source, length: 7, pipeline, batchSize: 3, seed: 9, worker, ...options });
  try {
    const made: Batch[] = [];
    for (let i = 0; i < count; i++) made.push(await loader.next());
    return made;
  } finally {
    await loader.close();
  }
}

describe('createLoader', () => {
  test('gives the same stream with one worker, with two, and resumed in the middle', async () => {
    const one = await batches(6);
    const two = await batches(6, { workers: 2, prefetch: 2 });
    const resumed = await batches(2, { start: 4 });
    expect(two).toEqual(one);
    expect(resumed).toEqual(one.slice(4));
  });

  test('shows every sample once an epoch, in another order each', async () => {
    const names = (await batches(7)).flatMap((batch) => batch.names);
    const epochs = [0, 1, 2].map((e) => names.slice(e * 7, e * 7 + 7));
    for (const epoch of epochs) expect(new Set(epoch).size).toBe(7);
    expect(epochs[1]).not.toEqual(epochs[0]);
  });

  test('makes batches of the cropped size, labels in range', async () => {
    const [batch] = await batches(1);
    expect([batch!.width, batch!.height, batch!.images.length, batch!.labels.length]).toEqual([
      32,
      32,
      3 * 32 * 32 * 3,
      3 * 32 * 32,
    ]);
  });

  test('a failing sample fails the batch that asks for it, naming the file', async () => {
    const missing: DatasetSource = { kind: 'folder', root: join(root, 'nowhere'), split: 'train' };
    await expect(batches(1, { source: missing })).rejects.toThrow(/nowhere/);
  });
});

test('makeBatch refuses samples of different sizes and float images', async () => {
  const at = {
    source,
    seed: 1,
    samples: [
      { epoch: 0, index: 0 },
      { epoch: 0, index: 1 },
    ],
  };
  await expect(
    makeBatch({ ...at, pipeline: [{ type: 'Resize', width: 64, height: 48, ratioRange: [0.5, 2] }] }),
  ).rejects.toThrow(/one size/);
  await expect(makeBatch({ ...at, pipeline: [{ type: 'Normalize' }] })).rejects.toThrow(/Normalize/);
});
