import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorker } from '@gss/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectDataset, prepareDataset, verifyDataset } from './index.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const workspace = join(here, '..', '..', '..', '..');
const root = mkdtempSync(join(tmpdir(), 'gss-workers-'));
const source = (split = 'train') => ({ kind: 'folder', root, split }) as const;
let worker: string;

beforeAll(async () => {
  worker = await bundleWorker(join(here, 'worker.ts'), join(workspace, 'packages', 'datasets'), workspace);
  for (const [split, count] of [
    ['train', 12],
    ['val', 3],
  ] as const)
    await prepareDataset({
      source: { kind: 'synthetic-streets', seed: 3, count, width: 64, height: 48, split },
      out: root,
      format: 'folder',
      split,
    });
  truncateSync(join(root, 'images/train/train-3-00004.png'), 50);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Every file below a folder with its bytes. */
const contents = (folder: string) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [path.slice(folder.length), readFileSync(path, 'base64')]);

describe('worker threads', () => {
  test('inspect and verify give the same JSON for 1, 2 and 3 of them', async () => {
    const splits = ['train', 'val'].map((split) => ({ split, source: source(split) }));
    const [one, ...others] = await Promise.all(
      [1, 2, 3].map((workers) => verifyDataset(splits, { workers, worker }).then((report) => JSON.stringify(report))),
    );
    expect(JSON.parse(one!).splits[0].problems).toMatchObject([{ problem: 'unreadable-image' }]);
    for (const other of others) expect(other).toBe(one);
  });

  test('prepare writes the same bytes; a bad sample is the same error, with its class and file', async () => {
    const good = { kind: 'synthetic-streets', seed: 3, count: 7, width: 64, height: 48 } as const;
    for (const format of ['folder', 'shards'] as const) {
      const outs = [1, 2].map((workers) => join(root, `${format}-${workers}`));
      const extras = async ({ name }: { name: string }) => ({ txt: Buffer.from(name) });
      const options = { source: good, format, shardSize: 3, ...(format === 'shards' ? { extras } : {}) };
      for (const [i, out] of outs.entries()) await prepareDataset({ ...options, out, workers: i + 1, worker });
      expect(contents(outs[1]!)).toEqual(contents(outs[0]!));
    }
    const bad = prepareDataset({ source: source(), out: join(root, 'bad'), format: 'shards', workers: 2, worker });
    await expect(bad).rejects.toMatchObject({
      name: 'DatasetError',
      problem: 'unreadable-image',
      file: expect.stringMatching(/train-3-00004\.png$/),
    });
    expect(existsSync(join(root, 'bad/shard-00000.tar'))).toBe(false);
  });

  test('stop when told to, and go on from the journal', async () => {
    const journal = join(root, 'journal.jsonl');
    const stop = new AbortController();
    const run = inspectDataset(source(), {
      journal,
      workers: 2,
      worker,
      signal: stop.signal,
      onProgress: (done) => done === 3 && stop.abort(),
    });
    await expect(run).rejects.toThrow(/abort/i);
    const noted = readFileSync(journal, 'utf8').trim().split('\n').length;
    expect(noted).toBeGreaterThanOrEqual(3);
    expect(noted).toBeLessThan(12);
    const seen: number[] = [];
    const resumed = await inspectDataset(source(), { journal, workers: 2, worker, onProgress: (n) => seen.push(n) });
    expect(resumed).toEqual(await inspectDataset(source(), { workers: 1 }));
    expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(readFileSync(journal, 'utf8').trim().split('\n').length).toBe(12); // nothing was read twice
  });

  test('a number of workers that is none is refused', async () => {
    await expect(inspectDataset(source(), { workers: 0 })).rejects.toThrow('workers is 0; expected an integer ≥ 1');
  });
});
