import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dtypes, fromFloat32, type StoredTensor } from '@gss/checkpoint';
import { type PickleDict, PyTorchError, readPyTorch, serializePyTorch } from '@gss/checkpoint/pytorch';
import { openPyTorch, writePyTorch } from '@gss/checkpoint/pytorch/node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anyEntries } from '../safetensors/test-arbitraries.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gss-pytorch-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const plain = (tensors: Iterable<readonly [string, StoredTensor]>) =>
  [...tensors].map(([name, { dtype, shape, data }]) => [
    name,
    { dtype, shape: [...shape], data: [...data].map(String) },
  ]);
const vector = (...values: number[]): StoredTensor => ({
  dtype: 'F32',
  shape: [values.length],
  data: Float32Array.from(values),
});

test('any tensors come back, in their order, bit by bit', () => {
  fc.assert(
    fc.property(anyEntries, (entries) => {
      expect(plain(readPyTorch(serializePyTorch(entries)).stateDict())).toEqual(plain(entries));
    }),
  );
});

test('a file by ranges equals one in memory, and data functions are called once', async () => {
  const path = join(folder, 'a.pth');
  const entries = dtypes.map((dtype): [string, StoredTensor] => [
    `of.${dtype}`,
    { dtype, shape: [2, 1], data: fromFloat32(Float32Array.of(0, 1), dtype) },
  ]);
  let calls = 0;
  const lazily = entries.map(([name, { dtype, shape, data }]) => {
    const give = async () => {
      calls++;
      return data;
    };
    return [name, { dtype, shape, data: give }] as const;
  });
  await writePyTorch(path, lazily, { meta: { epoch: 3 } });
  expect(calls).toBe(entries.length);
  expect(new Uint8Array(await readFile(path))).toEqual(serializePyTorch(entries, { meta: { epoch: 3 } }));
  const file = openPyTorch(path);
  expect(plain(file.stateDict())).toEqual(plain(entries));
  file.close();
});

test('storages begin at multiples of 64, as PyTorch maps them', () => {
  const bytes = serializePyTorch([
    ['a', vector(1.5)],
    ['b', vector(2.5, 3.5)],
  ]);
  const at = (value: number) => Buffer.from(bytes).indexOf(Buffer.from(Float32Array.of(value).buffer));
  expect([at(1.5) % 64, at(2.5) % 64, at(1.5) > 0]).toEqual([0, 0, true]);
});

describe('metadata', () => {
  test.each([
    ['mmsegmentation', { meta: { CLASSES: ['road', 'größe'], PALETTE: [[1, 2, 3]] } }, ['meta', 'state_dict']],
    ['Swin', { key: 'model' }, ['model']],
  ])('lies beside the state dict as %s has it', (_, options, keys) => {
    const { value, stateDict } = readPyTorch(serializePyTorch([['w', vector(1)]], options));
    expect([...(value as PickleDict).keys()]).toEqual(keys);
    expect([...stateDict().keys()]).toEqual(['w']);
  });

  test('any plain data comes back', () => {
    const key = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer());
    const { data } = fc.letrec((tie) => ({
      data: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.double({ noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
        fc.bigInt({ min: 2n ** 60n, max: 2n ** 90n }),
        fc.bigInt({ min: -(2n ** 90n), max: -(2n ** 60n) }),
        fc.string({ unit: 'grapheme' }),
        fc.array(tie('data')),
        fc.array(tie('data')).map(Object.freeze),
        fc.array(fc.tuple(key, tie('data'))).map((pairs) => new Map(pairs)),
      ),
    }));
    const seen = (value: unknown): unknown =>
      Array.isArray(value)
        ? [Object.isFrozen(value), ...value.map(seen)]
        : value instanceof Map
          ? ['dict', ...[...value].map((pair) => pair.map(seen))]
          : value;
    fc.assert(
      fc.property(data, (meta) => {
        const { value } = readPyTorch(serializePyTorch([], { meta: meta as null }));
        expect(seen((value as PickleDict).get('meta'))).toEqual(seen(meta));
      }),
    );
  });

  test('more than a thousand tensors, and more than a thousand entries', () => {
    const meta = Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [`k${i}`, i]));
    const many = Array.from({ length: 2100 }, (_, i): [string, StoredTensor] => [`t${i}`, vector(i)]);
    const { value, stateDict } = readPyTorch(serializePyTorch(many, { meta }));
    expect(((value as PickleDict).get('meta') as PickleDict).size).toBe(2500);
    expect([...stateDict()].every(([name, { data }], i) => name === `t${i}` && data[0] === i)).toBe(true);
  });
});

describe('refuses, and leaves the old file', () => {
  const loop: unknown[] = [];
  loop.push(loop);
  test.each([
    [
      'a name that comes twice',
      [
        ['a', vector(1)],
        ['a', vector(2)],
      ],
      {},
      /tensor "a": expected every name once/,
    ],
    [
      'a wrong length',
      [['a', { dtype: 'F32', shape: [3], data: new Float32Array(2) }]],
      {},
      /tensor "a": expected Float32Array of 12 bytes/,
    ],
    [
      'a wrong array',
      [['a', { dtype: 'F16', shape: [2], data: new Float32Array(1) }]],
      {},
      /expected Uint16Array of 4 bytes/,
    ],
    [
      'a shape that is none',
      [['a', { dtype: 'F32', shape: [-1], data: new Float32Array(1) }]],
      {},
      /non-negative integers/,
    ],
    ['a name that is no text', [['\ud800', vector(1)]], {}, /expected Unicode text/],
    ['metadata that contains itself', [], { meta: loop }, /Does it contain itself/],
    ['metadata that is no plain data', [], { meta: { when: new Date(0) } }, /expected plain data, got an object/],
  ] as [string, [string, StoredTensor][], object, RegExp][])('%s', async (_, entries, options, message) => {
    const path = join(folder, 'kept.pth');
    await writeFile(path, 'old');
    expect(() => serializePyTorch(entries, options)).toThrow(PyTorchError);
    expect(() => serializePyTorch(entries, options)).toThrow(message);
    await expect(writePyTorch(path, entries, options)).rejects.toThrow(message);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('a folder that is not there, with the remedy', async () => {
    await expect(writePyTorch(join(folder, 'none', 'a.pth'), [])).rejects.toThrow(/ENOENT.*Make it first/);
  });
});
