import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  contactSheet,
  inspectDataset,
  openDataset,
  prepareDataset,
  readShardIndex,
  verifyDataset,
  verifyShards,
} from './index.js';

let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'gss-inspect-'));
  put(
    'classes.json',
    JSON.stringify({
      classes: ['road', 'sky', 'dragon'].map((name, id) => ({ id, name, color: [id, id, 9] })),
      ignore_index: 255,
    }),
  );
  for (let i = 0; i < 5; i++) await sample('train', `p${i}`, i);
  await sample('val', 'v0', 100);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (path: string, bytes: Uint8Array | string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), bytes);
};
const label = (data: number[]) => encode({ data: Uint8Array.from(data), width: 4, height: 3, channels: 1 });
async function sample(split: string, name: string, grey: number) {
  put(
    `images/${split}/${name}.png`,
    await sharp({ create: { width: 4, height: 3, channels: 3, background: { r: grey, g: 2, b: 3 } } })
      .png()
      .toBuffer(),
  );
  put(`labels/${split}/${name}.png`, label([0, 0, 0, 0, 0, 0, 1, 1, 1, 255, 255, 255]));
}
const source = (split = 'train') => ({ kind: 'folder', root, split }) as const;

describe('inspectDataset', () => {
  test('a clean split: histogram, shares, empty classes', async () => {
    const report = await inspectDataset(source());
    expect(report).toMatchObject({
      images: 5,
      pixels: 60,
      ignored: 25,
      emptyClasses: ['dragon'],
      problems: [],
      unknownIds: [],
      duplicates: [],
      ok: true,
    });
    expect(report.classes).toEqual([
      { name: 'road', pixels: 30, share: 50, images: 5 },
      { name: 'sky', pixels: 15, share: 25, images: 5 },
      { name: 'dragon', pixels: 0, share: 0, images: 0 },
    ]);
    expect(report.ids.map(({ id, meaning }) => [id, meaning])).toEqual([
      [0, 'road'],
      [1, 'sky'],
      [255, 'ignored'],
    ]);
    expect(report.sizes).toEqual({ smallest: '4×3', largest: '4×3', different: 1 });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
  test('everything that is wrong is reported at once', async () => {
    put('labels/train/p0.png', label([7, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]));
    put('labels/train/p1.png', encode({ data: new Uint8Array(6), width: 3, height: 2, channels: 1 }));
    put(
      'labels/train/p2.png',
      await sharp({ create: { width: 4, height: 3, channels: 3, background: 'red' } })
        .png({ palette: true })
        .toBuffer(),
    );
    truncateSync(join(root, 'images/train/p3.png'), 40);
    await sample('train', 'p9', 4); // the picture of p4 again
    const report = await inspectDataset(source());
    expect(report.ok).toBe(false);
    expect(report.problems.map(({ problem, file }) => [problem, file.slice(-6)])).toEqual([
      ['size-mismatch', 'p1.png'],
      ['palette-png', 'p2.png'],
      ['unreadable-image', 'p3.png'],
    ]);
    expect(report.unknownIds.map(({ id, pixels, images }) => [id, pixels, images])).toEqual([
      [7, 2, 1],
      [9, 1, 1],
    ]);
    expect(report.unknownIds[0]!.first).toMatch(/labels\/train\/p0\.png$/);
    expect(report.duplicates).toEqual([['p4', 'p9']]);
  });
  test('goes on after an interruption and gives the same report', async () => {
    const journal = join(root, 'journal.jsonl');
    const whole = await inspectDataset(source());
    const stop = new AbortController();
    const run = inspectDataset(source(), {
      journal,
      workers: 1,
      signal: stop.signal,
      onProgress: (done) => done === 1 && stop.abort(),
    });
    await expect(run).rejects.toThrow();
    appendFileSync(journal, '{"name":"p3","wid'); // cut off by a crash
    const lines = readFileSync(journal, 'utf8').trim().split('\n').length;
    expect(lines).toBeGreaterThanOrEqual(2); // the samples under way are finished and noted
    expect(lines).toBeLessThanOrEqual(6);
    const seen: number[] = [];
    expect(await inspectDataset(source(), { journal, onProgress: (done) => seen.push(done) })).toEqual(whole);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });
  test('a data set without files too', async () => {
    const report = await inspectDataset({ kind: 'synthetic-streets', seed: 1, count: 3, width: 96, height: 64 });
    expect([report.images, report.ok, report.pixels]).toEqual([3, true, 3 * 96 * 64]);
  });
});

test('verifyDataset finds pictures that are in two splits', async () => {
  const splits = ['train', 'val'].map((split) => ({ split, source: source(split) }));
  expect((await verifyDataset(splits)).ok).toBe(true);
  copyFileSync(join(root, 'images/train/p3.png'), join(root, 'images/val/v0.png'));
  const report = await verifyDataset(splits);
  expect(report.acrossSplits).toEqual([['train/p3', 'val/v0']]);
  expect(report.ok).toBe(false);
});

test('contactSheet shows pictures beside their labels', async () => {
  const sheet = await contactSheet(await openDataset(source()), { count: 4, columns: 2, width: 16 });
  const { width, height, format } = await sharp(sheet).metadata();
  expect([width, height, format]).toEqual([2 * (32 + 8), 2 * (12 + 4) + 4, 'png']);
});

describe('prepareDataset', () => {
  const same = async (out: Parameters<typeof openDataset>[0]) => {
    const [a, b] = [await openDataset(source()), await openDataset(out)];
    expect([b.length, b.classes]).toEqual([a.length, a.classes]);
    for (let i = 0; i < a.length; i++) expect(await b.read(i)).toEqual(await a.read(i));
  };
  test('writes shards that read back alike, keeps finished ones, mends broken ones', async () => {
    const out = join(root, 'shards');
    const options = { source: source(), out, format: 'shards', shardSize: 2 } as const;
    expect(await prepareDataset(options)).toMatchObject({ samples: 5, kept: 0 });
    await same({ kind: 'shards', root: out });
    await verifyShards(out, await readShardIndex(out));
    truncateSync(join(out, 'shard-00001.tar'), 700);
    await expect(verifyShards(out, await readShardIndex(out))).rejects.toThrow(
      /shard-00001\.tar: checksum .* Prepare the shards again/,
    );
    await expect((await openDataset({ kind: 'shards', root: out })).read(2)).rejects.toThrow(
      /shard-00001\.tar: ends before byte \d+, which its index names/,
    );
    expect(await prepareDataset(options)).toMatchObject({ samples: 5, kept: 2 });
    await same({ kind: 'shards', root: out });
  });
  test('shards are plain tars with checksums that tar itself accepts, and take extra files', async () => {
    const out = join(root, 'shards');
    await prepareDataset({
      source: source(),
      out,
      format: 'shards',
      extras: async ({ name }) => ({ 'tokens.bin': Buffer.from(name) }),
    });
    const tar = readFileSync(join(out, 'shard-00000.tar'));
    const names: string[] = [];
    for (let at = 0; tar[at] !== 0; ) {
      const header = tar.subarray(at, at + 512);
      const sum = header.reduce((total, v, i) => total + (i >= 148 && i < 156 ? 32 : v), 0);
      expect(Number.parseInt(header.toString('latin1', 148, 154), 8)).toBe(sum);
      names.push(header.toString('latin1', 0, 100).replace(/\0.*$/, ''));
      const size = Number.parseInt(header.toString('latin1', 124, 135), 8);
      if (names.at(-1)!.endsWith('.json'))
        expect(JSON.parse(tar.toString('utf8', at + 512, at + 512 + size)).name).toMatch(/^p\d$/);
      at += 512 + Math.ceil(size / 512) * 512;
    }
    expect(names.slice(0, 4)).toEqual([
      '00000000.image.png',
      '00000000.label.png',
      '00000000.tokens.bin',
      '00000000.json',
    ]);
    expect(names.length).toBe(20);
  });
  test('writes a folder in the layout that everything reads, and keeps what is there', async () => {
    const out = join(root, 'copy');
    const options = { source: source(), out, format: 'folder', split: 'train' } as const;
    expect(await prepareDataset(options)).toMatchObject({ samples: 5, kept: 0 });
    await same({ kind: 'folder', root: out, split: 'train' });
    expect(await prepareDataset(options)).toMatchObject({ samples: 5, kept: 5, bytes: 0 });
  });
  test('a sample that cannot be read stops it with a clear error and leaves no half file', async () => {
    put('labels/train/p2.png', label(Array(12).fill(77)));
    const out = join(root, 'copy');
    await expect(prepareDataset({ source: source(), out, format: 'shards' })).rejects.toThrow(
      /p2\.png: label id 77 \(12 pixels/,
    );
    expect(existsSync(join(out, 'index.json'))).toBe(false);
    expect(existsSync(join(out, 'shard-00000.tar'))).toBe(false);
  });
  test('no shards there, a source of no known kind', async () => {
    await expect(openDataset({ kind: 'shards', root })).rejects.toThrow(/index\.json: no index of shards/);
    await expect(openDataset({ kind: 'foldr' } as never)).rejects.toThrow('unknown kind "foldr"');
  });
});
