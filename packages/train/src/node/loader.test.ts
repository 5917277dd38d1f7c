import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { DatasetSource, TransformSpec } from '@gss/datasets';
import { prepareDataset } from '@gss/datasets/node';
import { bundleWorker } from '@gss/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Batch, createLoader, LoaderError, type LoaderOptions, makeBatch } from './index.js';

vi.setConfig({ testTimeout: 180_000 }); // a run of training is seconds, on a loaded machine minutes

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

describe('what can go wrong', () => {
  let folder: string;
  let pictures: string[];
  const nameOf = (i: number) => pictures[i]!.replace('.png', '');
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gss-loader-'));
    await prepareDataset({ source: { ...source, count: 6 }, out: folder, format: 'folder', split: 'train' });
    pictures = readdirSync(join(folder, 'images', 'train')).sort();
    for (const i of [2, 3]) writeFileSync(join(folder, 'images', 'train', pictures[i]!), 'no picture');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const broken = (): Partial<LoaderOptions> => ({
    source: { kind: 'folder', root: folder, split: 'train' },
    length: 6,
  });

  test('an unreadable sample ends the run with its name', async () => {
    await expect(batches(3, broken())).rejects.toThrow(/loader: batch \d .*sample \S+ cannot be read: .*\.png/);
  });

  test('or is left out for the next one, named once and counted, the same with any number of workers', async () => {
    const names: string[] = [];
    const skip = { max: 2, onSkip: ({ name }: { name: string }) => names.push(name) };
    const one = await batches(6, { ...broken(), skip });
    expect(names.sort()).toEqual([nameOf(2), nameOf(3)]);
    const shown = one.flatMap((batch) => batch.names);
    expect(shown).toHaveLength(18);
    expect(shown.filter((name) => name === nameOf(4))).toHaveLength(9); // its own turn, and those of s2 and s3, in 3 epochs
    expect(await batches(6, { ...broken(), skip, workers: 2 })).toEqual(one);
    const loader = createLoader({ ...broken(), skip, pipeline, batchSize: 6, seed: 9, worker } as LoaderOptions);
    await loader.next();
    expect(loader.unreadable).toBe(2);
    await loader.close();
  });

  test('up to a number of them', async () => {
    await expect(batches(6, { ...broken(), skip: { max: 1 } })).rejects.toThrow(
      /2 samples cannot be read, 1 may be left out\.\n {2}\S+: .*\n {2}\S+: /,
    );
  });

  test('a worker that dies, or cannot start, ends the run with a clear error instead of a hang or a crash', async () => {
    const dying = join(folder, 'dying.mjs');
    writeFileSync(dying, 'export default () => process.exit(7);');
    await expect(batches(1, { worker: dying })).rejects.toThrow(
      /a worker thread ended while it made batch 0 \(samples [\d, ]+\) \(worker exited with code: 7\)/,
    );
    await expect(batches(1, { worker: join(folder, 'nowhere.mjs') })).rejects.toThrow(LoaderError);
    const bad = join(folder, 'bad.mjs');
    writeFileSync(bad, 'throw new Error("cannot start"); export default () => {};');
    await expect(batches(1, { worker: bad })).rejects.toThrow(/cannot start/);
  });
});

test('batches are let go: a long run holds no more of them than it makes ahead', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const loader = createLoader({ source, length: 7, pipeline, batchSize: 3, seed: 9, worker });
  const made: WeakRef<object>[] = [];
  try {
    for (let i = 0; i < 40; i++) made.push(new WeakRef((await loader.next()).images));
    await new Promise((done) => setTimeout(done, 50));
    collect();
    expect(made.filter((batch) => batch.deref()).length).toBeLessThan(8);
  } finally {
    await loader.close();
  }
});

test('a mix repeats its parts by their factors, in an order that the seed alone decides', async () => {
  const part = (seed: number, repeat: number) => ({ source: { ...source, seed, count: 3 } as DatasetSource, repeat });
  const mixed = { source: { kind: 'mixed', parts: [part(1, 1), part(2, 3)] } as DatasetSource, length: 12 };
  const epochs = (await batches(8, mixed)).flatMap(({ names }) => names);
  for (const epoch of [epochs.slice(0, 12), epochs.slice(12)]) {
    const times = (name: string) => epoch.filter((other) => other === name).length;
    expect(new Set(epoch).size).toBe(6);
    for (const name of new Set(epoch)) expect(times(name)).toBe(name.startsWith('1/') ? 3 : 1);
  }
  expect((await batches(2, { ...mixed, workers: 2, start: 3 })).flatMap(({ names }) => names)).toEqual(
    epochs.slice(9, 15),
  );
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
