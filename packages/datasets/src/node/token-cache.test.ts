import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { fc, test as property } from '@fast-check/vitest';
import { bundleWorker } from '@gss/testing';
import { encode } from 'fast-png';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LabelMap } from '../index.js';
import {
  openTokenCache,
  prepareDataset,
  prepareTokens,
  pruneTokens,
  type TokenCache,
  type TokenMap,
  tokenCacheUsage,
} from './index.js';
import { packTokens, unpackTokens } from './token-file.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const workspace = join(here, '..', '..', '..', '..');
const recipe = { tokenizer: { codes: 8 }, weights: 'abc', palette: [[1, 2, 3]], unlabelled: { label: 255 } };
const labels: LabelMap = { data: Uint8Array.from({ length: 32 }, (_, i) => i % 3), width: 8, height: 4 };
const tokens: TokenMap = { data: Int32Array.of(0, 7, 65535, 3), width: 2, height: 2 };

let root: string;
let cache: TokenCache;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'gss-tokens-'));
  cache = await openTokenCache(root, recipe);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const entries = () => readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.tokens'));

describe('an entry', () => {
  property.prop([fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom(2, 70000)])(
    'comes back bit for bit, 2 or 4 bytes a token, and no changed byte passes',
    (width, height, vocabulary) => {
      const key = 'ab'.repeat(32);
      const data = Int32Array.from({ length: width * height }, (_, i) => (i * 7919) % vocabulary);
      const bytes = packTokens(key, { data, width, height });
      expect(unpackTokens(bytes, key)).toEqual({ data, width, height });
      expect(unpackTokens(bytes, 'ac'.repeat(32))).toBeUndefined();
      expect(bytes.length).toBeLessThanOrEqual(80 + (vocabulary === 2 ? 2 : 4) * data.length);
      for (const at of [0, 5, 17, 48, bytes.length - 1])
        expect(
          unpackTokens(
            bytes.map((b, i) => (i === at ? b ^ 1 : b)),
            key,
          ),
        ).toBeUndefined();
      for (const length of [0, 10, 79, bytes.length - 1])
        expect(unpackTokens(bytes.subarray(0, length), key)).toBeUndefined();
    },
  );
  test('refuses tokens that are none', () => {
    expect(() => packTokens('00', { data: Int32Array.of(1, 2, 3), width: 2, height: 2 })).toThrow(
      '3 tokens do not fill 2×2',
    );
    expect(() => packTokens('00', { data: Int32Array.of(-1), width: 1, height: 1 })).toThrow('a token is below 0');
  });
});

describe('a stale entry is never used', () => {
  const other = (more: object) => openTokenCache(root, { ...recipe, ...more });
  test.each([
    ['palette', { palette: [[1, 2, 4]] }],
    ['weights', { weights: 'abd' }],
    ['tokenizer', { tokenizer: { codes: 9 } }],
    ['ignore rule', { unlabelled: { label: 254 } }],
    ['backend', { backend: 'wasm' }],
  ])('another %s', async (_, more) => {
    await cache.put(cache.key(labels), tokens);
    const changed = await other(more);
    expect(changed.key(labels)).not.toBe(cache.key(labels));
    expect(await changed.get(changed.key(labels))).toBeUndefined();
    expect(await cache.get(cache.key(labels))).toEqual(tokens);
  });
  test('other labels, another size of the same bytes, 16-bit labels', () => {
    const one = { ...labels, data: labels.data.map((v, i) => (i === 9 ? v + 1 : v)) };
    const turned = { ...labels, width: 4, height: 8 };
    const wide = { ...labels, data: Uint16Array.from(labels.data) };
    expect(new Set([labels, one, turned, wide].map(cache.key)).size).toBe(4);
  });
  test('the same recipe in another order of keys is the same', async () => {
    await cache.put(cache.key(labels), tokens);
    const again = await openTokenCache(root, Object.fromEntries(Object.entries(recipe).reverse()));
    expect(await again.get(again.key(labels))).toEqual(tokens);
    expect(JSON.parse(readFileSync(join(cache.folder, 'recipe.json'), 'utf8'))).toMatchObject(recipe);
  });
});

test('a truncated or foreign file is removed and computed again', async () => {
  const key = cache.key(labels);
  await cache.put(key, tokens);
  const file = join(root, entries()[0]!);
  truncateSync(file, 60);
  expect(await cache.has(key)).toBe(true);
  expect(await cache.get(key)).toBeUndefined();
  expect(existsSync(file)).toBe(false);
  await cache.put(key, tokens);
  const elsewhere = cache.key({ ...labels, width: 4, height: 8 });
  writeFileSync(join(root, entries()[0]!.replace(key, elsewhere)), readFileSync(file));
  expect(await cache.get(key)).toEqual(tokens);
});

test('two threads that write and read the same entries at once never see half of one', async () => {
  const script = await bundleWorker(join(here, 'token-cache.ts'), join(workspace, 'packages', 'datasets'), workspace);
  const work = `
    import { workerData, parentPort } from 'node:worker_threads';
    const { openTokenFolder } = await import(workerData.script);
    const cache = openTokenFolder(workerData.folder);
    let whole = 0;
    for (let round = 0; round < 40; round++)
      for (let i = 0; i < 8; i++) {
        const data = Uint8Array.from({ length: 4096 }, (_, p) => (p + i) % 11);
        const key = cache.key({ data, width: 64, height: 64 });
        const found = await cache.get(key);
        if (found && found.data.every((t, p) => t === p * (i + 1) % 60000)) whole++;
        else if (found) throw new Error('half an entry');
        await cache.put(key, { data: Int32Array.from({ length: 4096 }, (_, p) => p * (i + 1) % 60000), width: 64, height: 64 });
      }
    parentPort.postMessage(whole);`;
  const run = () =>
    new Promise<number>((resolve, reject) => {
      const url = new URL(`data:text/javascript,${encodeURIComponent(work)}`);
      const worker = new Worker(url, { workerData: { script: pathToFileURL(script).href, folder: cache.folder } });
      worker.on('message', resolve);
      worker.on('error', reject);
    });
  const whole = await Promise.all([run(), run(), run()]);
  for (const n of whole) expect(n).toBeGreaterThanOrEqual(39 * 8);
  expect(entries().length).toBe(8);
  expect(readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.tmp'))).toEqual([]);
});

test('prune removes what was not used for longest, and what dead writers left', async () => {
  const maps = [0, 1, 2, 3].map((n) => ({ ...labels, data: labels.data.map((v) => v + n) }));
  for (const [n, map] of maps.entries()) {
    await cache.put(cache.key(map), tokens);
    const file = join(root, entries().find((f) => f.includes(cache.key(map)))!);
    utimesSync(file, new Date(), new Date(Date.now() - (4 - n) * 86_400_000 * 2));
  }
  const old = join(cache.folder, 'x.tokens.00ff.tmp');
  writeFileSync(old, 'half');
  utimesSync(old, new Date(), new Date(Date.now() - 7_200_000));
  expect(await cache.get(cache.key(maps[0]!))).toEqual(tokens); // used now: the last to go
  const { bytes, entries: count, recipes } = await tokenCacheUsage(root);
  expect([count, recipes]).toEqual([4, 1]);
  const { removed, kept } = await pruneTokens(root, bytes / 2);
  expect([removed.entries, kept.entries, existsSync(old)]).toEqual([2, 2, false]);
  expect(await Promise.all(maps.map((map) => cache.has(cache.key(map))))).toEqual([true, false, false, true]);
  await expect(pruneTokens(join(root, 'nowhere'), 1)).rejects.toThrow(/nowhere: no such folder of tokens/);
  await expect(pruneTokens(root, Number.NaN)).rejects.toThrow('NaN bytes are no limit');
});

describe('prepareTokens', () => {
  const source = () => ({ kind: 'folder', root: join(root, 'data'), split: 'train' }) as const;
  const pipeline = [{ type: 'RandomCrop', width: 32, height: 32, stride: 16 }, { type: 'RandomFlip' }] as const;
  let encoded: number;
  const toTokens = (map: LabelMap): TokenMap => ({ data: Int32Array.of(...map.data.slice(0, 4)), width: 2, height: 2 });
  const run = (more: object = {}) =>
    prepareTokens({
      source: source(),
      cache,
      pipeline,
      encode: async (maps) => {
        encoded += maps.length;
        return maps.map(toTokens);
      },
      ...more,
    });
  beforeEach(async () => {
    encoded = 0;
    const streets = { kind: 'synthetic-streets', seed: 1, count: 5, width: 64, height: 48 } as const;
    await prepareDataset({ source: streets, out: join(root, 'data'), format: 'folder', split: 'train' });
  });

  test('stores every crop and flip once; a second run encodes nothing; one changed label file only its own', async () => {
    const first = await run();
    expect(first).toMatchObject({ samples: 5, maps: 5 * 3 * 2 * 2 });
    expect([entries().length, encoded]).toEqual([first.encoded, first.encoded]);
    expect(await run()).toMatchObject({ encoded: 0 });
    const file = join(root, 'data/labels/train/train-1-00002.png');
    const data = new Uint8Array(64 * 48).map((_, i) => (i % 64 > 40 ? 3 : 1));
    writeFileSync(file, encode({ data, width: 64, height: 48, channels: 1 }));
    expect((await run()).encoded).toBeGreaterThan(2);
    const crop = { data: new Uint8Array(32 * 32).fill(1), width: 32, height: 32 };
    expect(await cache.get(cache.key(crop))).toEqual(toTokens(crop));
  });
  test('worker threads, and a run that was stopped in the middle, store the same', async () => {
    const worker = await bundleWorker(join(here, 'worker.ts'), join(workspace, 'packages', 'datasets'), workspace);
    const stop = new AbortController();
    const stopped = run({ workers: 2, worker, batchSize: 2, signal: stop.signal, onProgress: () => stop.abort() });
    await expect(stopped).rejects.toThrow(/abort/i);
    await run({ workers: 2, worker });
    const stored = entries();
    const alone = await openTokenCache(join(root, 'alone'), recipe);
    await run({ cache: alone });
    expect(readdirSync(alone.folder, { recursive: true }).length).toBeGreaterThan(10);
    const names = entries()
      .filter((f) => f.startsWith('alone'))
      .map((f) => f.replace('alone/', ''));
    expect(names.sort()).toEqual(stored.sort());
  });
  test('crops anywhere are refused', async () => {
    await expect(run({ pipeline: [{ type: 'RandomCrop', width: 32, height: 32 }] })).rejects.toThrow(
      /give it a stride/,
    );
  });
});
