import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StoredTensor, toFloat32 } from '@gss/checkpoint';
import { NpzError, readNpz } from '@gss/checkpoint/npz';
import { openNpz, writeNpz } from '@gss/checkpoint/npz/node';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { bytesOf } from '../pytorch/test-pickle.js';
import { anyEntries } from '../safetensors/test-arbitraries.js';
import { ZipPlan } from '../zip/write.js';

const folder = mkdtempSync(join(tmpdir(), 'gss-npz-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'a.npz');
const plain = (tensors: Iterable<readonly [string, StoredTensor]>) =>
  [...tensors].map(([name, { dtype, shape, data }]) => [name, dtype, [...shape], [...data].map(String)]);

/** A member as NumPy writes it, with any header text. */
function npy(header: string, data: Uint8Array, length = header.length): Uint8Array {
  const size = new Uint8Array(2);
  new DataView(size.buffer).setUint16(0, length, true);
  return bytesOf(0x93, 'NUMPY', 1, 0, size, header, data);
}
function npz(...members: (readonly [string, Uint8Array])[]): Uint8Array {
  const plan = new ZipPlan();
  const pieces = members.flatMap(([name, bytes]) => [plan.head(name, bytes), bytes]);
  return bytesOf(...pieces, plan.end());
}
const header = (descr: string, shape: string, order = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

test('any tensors come back, in their order, from memory and by ranges', async () => {
  await fc.assert(
    fc.asyncProperty(anyEntries, async (entries) => {
      await writeNpz(path, entries);
      expect(plain(readNpz(readFileSync(path)).tensors)).toEqual(plain(entries));
      const file = openNpz(path);
      expect(plain(file.tensors)).toEqual(plain(entries));
      file.close();
    }),
    { numRuns: 30 },
  );
});

test('arrays column by column are turned', () => {
  const data = new Uint8Array(Int16Array.of(1, 4, 2, 5, 3, 6).buffer);
  const { tensors } = readNpz(npz(['a.npy', npy(header('<i2', '(2, 3)', 'True'), data)]));
  expect(plain(tensors)).toEqual([['a', 'I16', [2, 3], ['1', '2', '3', '4', '5', '6']]]);
});

test('arrays that no tensor can hold are named, and the others are read', () => {
  const { tensors, skipped } = readNpz(
    npz(
      ['objects.npy', npy(header('|O', '(1,)'), bytesOf('\x80\x02cos\nsystem\n.'))],
      ['records.npy', npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", new Uint8Array(4))],
      ['key.npy', npy(header('<u4', '(2,)'), new Uint8Array(8))],
      ['w.npy', npy(header('<f4', '()'), new Uint8Array(Float32Array.of(2.5).buffer))],
    ),
  );
  expect([...skipped.keys()]).toEqual(['objects', 'records', 'key']);
  expect(skipped.get('objects')).toMatch(/got "\|O"/);
  expect(plain(tensors)).toEqual([['w', 'F32', [], ['2.5']]]);
});

describe('refuses', () => {
  const four = new Uint8Array(4);
  test.each([
    [
      'data that is cut off',
      npz(['a.npy', npy(header('<f4', '(2,)'), four)]),
      /tensor "a", byte \d+: expected 8 bytes/,
    ],
    ['data left over', npz(['a.npy', npy(header('<f4', '()'), new Uint8Array(5))]), /expected 4 bytes.*got 5/],
    [
      'sizes beyond 2^53',
      npz(['a.npy', npy(header('<f4', '(9007199254740993, 4)'), four)]),
      /non-negative integers|beyond 2\^53/,
    ],
    [
      'a header longer than the file',
      npz(['a.npy', npy(header('<f4', '()'), four, 60_000)]),
      /expected a header of at most/,
    ],
    ['what is no array', npz(['a.npy', bytesOf('just some text here')]), /expected an .npy array/],
    [
      'a name that comes twice',
      npz(['a', npy(header('<f4', '()'), four)], ['a.npy', npy(header('<f4', '()'), four)]),
      /every name once/,
    ],
    ['what is no archive', bytesOf('just some text here, and more'), /expected the end of an archive/],
  ])('%s', (_, bytes, message) => {
    expect(() => readNpz(bytes)).toThrow(NpzError);
    expect(() => readNpz(bytes)).toThrow(message);
  });

  test('compression, with the remedy', () => {
    const bytes = npz(['a.npy', npy(header('<f4', '()'), four)]);
    const directory = Buffer.from(bytes).indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    bytes[directory + 10] = 8;
    expect(() => readNpz(bytes)).toThrow(/is compressed.*numpy\.savez, not savez_compressed/);
  });

  test('any corruption, or reads it, and never anything else', () => {
    const good = npz(['a.npy', npy(header('<f4', '(1,)'), four)], ['b/c.npy', npy(header('|V2', '(2,)'), four)]);
    let refusals = 0;
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const bytes = cut ? good.slice(0, at) : good.with(at, byte);
        try {
          for (const tensor of readNpz(bytes).tensors.values()) toFloat32(tensor);
        } catch (error) {
          if (!(error instanceof NpzError)) throw error;
          refusals++;
        }
      }),
      { numRuns: 500 },
    );
    expect(refusals).toBeGreaterThan(50);
  });
});

// GSS_PYTHON names a Python that has NumPy.
const python = process.env.GSS_PYTHON ?? 'python3';
const missing = spawnSync(python, ['-c', 'import numpy']).status !== 0;
if (missing) console.info(`interop with NumPy is skipped: ${python} has none (set GSS_PYTHON)`);

test.skipIf(missing)('NumPy reads what we write, and we what NumPy writes', async () => {
  await writeNpz(path, [
    ['params/a/kernel', { dtype: 'F32', shape: [2, 1], data: Float32Array.of(1, 2) }],
    ['n', { dtype: 'I64', shape: [], data: BigInt64Array.of(-5n) }],
  ]);
  const other = join(folder, 'b.npz');
  const script = join(folder, 'script.py');
  writeFileSync(
    script,
    `
import json, sys, numpy as np
ours = np.load(sys.argv[1])
print(json.dumps({k: [str(ours[k].dtype), list(ours[k].shape), ours[k].flatten().tolist()] for k in ours}))
np.savez(sys.argv[2], **{"params/w": np.asfortranarray(np.arange(6, dtype="f4").reshape(2, 3)), "flag": np.array(True), "o": np.array([{}], dtype=object), "h": np.ones(3, "f2")})`,
  );
  const { stdout, stderr } = spawnSync(python, [script, path, other], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ 'params/a/kernel': ['float32', [2, 1], [1, 2]], n: ['int64', [], [-5]] });
  const { tensors, skipped, close } = openNpz(other);
  expect(plain(tensors)).toEqual([
    ['params/w', 'F32', [2, 3], ['0', '1', '2', '3', '4', '5']],
    ['flag', 'BOOL', [], ['1']],
    ['h', 'F16', [3], ['15360', '15360', '15360']],
  ]);
  expect([...skipped.keys()]).toEqual(['o']);
  close();
});
