import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseShardIndex, type StoredTensor } from '@gss/checkpoint';
import {
  openSafetensorsFolder,
  readSafetensors,
  readSafetensorsFolder,
  type WritableTensor,
  writeShardedSafetensors,
} from '@gss/checkpoint/node';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gss-shards-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const f32 = (...data: number[]): StoredTensor => ({
  dtype: 'F32',
  shape: [data.length],
  data: Float32Array.from(data),
});
const five: [string, StoredTensor][] = [
  ['a.weight', f32(1, 2, 3)],
  ['a.bias', f32(4)],
  ['b.weight', f32(5, 6, 7, 8, 9, 10)], // 24 bytes: more than the limit, a shard of its own
  ['b.bias', f32(11)],
  ['n', { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) }],
];
const names = (folder: string) => readdirSync(folder).sort();

test("shards lie as Hugging Face's do, and read back as one", async () => {
  const { files } = await writeShardedSafetensors(dir, five, { limit: 16, metadata: { format: 'gss' } });
  expect(files).toEqual([1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`));
  expect(names(dir)).toEqual([...files, 'model.safetensors.index.json']);
  expect(JSON.parse(readFileSync(join(dir, 'model.safetensors.index.json'), 'utf8'))).toEqual({
    metadata: { total_size: 52 },
    weight_map: { 'a.weight': files[0], 'a.bias': files[0], 'b.weight': files[1], 'b.bias': files[2], n: files[2] },
  });
  expect([...(await readSafetensors(join(dir, files[1]!))).keys()]).toEqual(['b.weight']);
  expect([...(await readSafetensorsFolder(dir))]).toEqual(five);
  expect([...(await readSafetensorsFolder(dir, { prefix: 'a.' })).keys()]).toEqual(['weight', 'bias']);
});

test('whatever is written comes back, at any limit', async () => {
  const entries = fc.uniqueArray(
    fc.tuple(fc.string({ minLength: 1, maxLength: 5 }), fc.array(fc.float(), { maxLength: 8 })),
    {
      selector: ([name]) => name,
      maxLength: 6,
    },
  );
  await fc.assert(
    fc.asyncProperty(entries, fc.integer({ min: 1, max: 64 }), async (drawn, limit) => {
      const given = drawn.map(([name, data]) => [`p${name}`, f32(...data)] as const);
      await writeShardedSafetensors(dir, given, { limit }); // over what the last run left
      expect(new Map(await readSafetensorsFolder(dir))).toEqual(new Map(given));
      expect(names(dir).filter((file) => file.endsWith('.tmp'))).toEqual([]);
    }),
    { numRuns: 15 },
  );
});

test('a model written over one of another division leaves none of its files', async () => {
  await writeShardedSafetensors(dir, five, { limit: 8 });
  await writeShardedSafetensors(dir, five, { limit: 40 });
  expect(names(dir)).toEqual([
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
    'model.safetensors.index.json',
  ]);
  await writeShardedSafetensors(dir, five);
  expect(names(dir)).toEqual(['model.safetensors']);
  await writeShardedSafetensors(dir, five, { limit: 40 });
  expect(existsSync(join(dir, 'model.safetensors'))).toBe(false);
});

test('data is asked for one tensor at a time; a failure leaves the old model whole', async () => {
  await writeShardedSafetensors(dir, five, { limit: 16 });
  const before = names(dir);
  let asked = 0;
  const failing: [string, WritableTensor][] = five.map(([name, { dtype, shape, data }]) => [
    name,
    {
      dtype,
      shape,
      data: async () => {
        if (++asked === 4) throw new Error('the disk is full');
        return data;
      },
    },
  ]);
  await expect(writeShardedSafetensors(dir, failing, { limit: 16 })).rejects.toThrow('the disk is full');
  expect(asked).toBe(4);
  expect(names(dir)).toEqual(before);
  expect([...(await readSafetensorsFolder(dir))]).toEqual(five);
});

test('a missing shard is named, and so is a mixture of two models', async () => {
  await writeShardedSafetensors(dir, five, { limit: 16 });
  const second = join(dir, 'model-00002-of-00003.safetensors');
  const bytes = readFileSync(second);
  rmSync(second);
  await expect(openSafetensorsFolder(dir)).rejects.toThrow(
    /the shard model-00002-of-00003\.safetensors is missing \(the model has 3\)/,
  );
  writeFileSync(second, readFileSync(join(dir, 'model-00001-of-00003.safetensors')));
  await expect(openSafetensorsFolder(dir)).rejects.toThrow(/tensor "b\.weight": the index promises it in this shard/);
  writeFileSync(second, bytes);
  rmSync(join(dir, 'model.safetensors.index.json'));
  await expect(openSafetensorsFolder(dir)).rejects.toThrow(/shards without their index \(3 of them\)/);
});

test.each([
  ['{', /expected JSON/],
  ['{}', /expected "weight_map"/],
  ['null', /expected "weight_map"/],
  ['{"weight_map":{"a":"../x.safetensors"}}', /file of the same folder for "a", got "\.\.\/x\.safetensors"/],
  ['{"weight_map":{"a":5}}', /got 5/],
])('refuses the index %s', (text, message) => {
  expect(() => parseShardIndex(text, 'i')).toThrow(message);
});

test('refuses a name twice, wherever the shards are cut, and a limit of nothing', async () => {
  const twice: [string, StoredTensor][] = [
    ['a', f32(1)],
    ['b', f32(2)],
    ['a', f32(3)],
  ];
  await expect(writeShardedSafetensors(dir, twice, { limit: 4 })).rejects.toThrow(
    /tensor "a": expected every name once/,
  );
  await expect(writeShardedSafetensors(dir, five, { limit: 0 })).rejects.toThrow(/a limit above 0 bytes/);
  expect(names(dir)).toEqual([]);
});
