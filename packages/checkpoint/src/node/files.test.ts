import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CheckpointError,
  parseSafetensors,
  SafetensorsError,
  type StoredTensor,
  serializeSafetensors,
} from '@gss/checkpoint';
import {
  openSafetensors,
  readSafetensors,
  type WritableTensor,
  writeFileAtomic,
  writeSafetensors,
} from '@gss/checkpoint/node';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anyEntries, anyMetadata } from '../safetensors/test-arbitraries.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gss-checkpoint-'));
  path = join(folder, 'model.safetensors');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const vector = (...values: number[]): StoredTensor => ({
  dtype: 'F32',
  shape: [values.length],
  data: Float32Array.from(values),
});

describe('writeSafetensors', () => {
  test('writes the same bytes as serializeSafetensors', async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, anyMetadata, async (entries, metadata) => {
        await writeSafetensors(path, entries, metadata);
        expect(new Uint8Array(await readFile(path))).toEqual(serializeSafetensors(entries, metadata));
      }),
      { numRuns: 30 },
    );
  });

  test('calls data functions one at a time, in turn, and holds no result', async () => {
    let open = 0;
    const calls: string[] = [];
    async function* entries(): AsyncGenerator<[string, WritableTensor]> {
      for (const [name, length] of [
        ['small', 3],
        ['large', 400_000],
        ['last', 5],
      ] as const)
        yield [
          name,
          {
            dtype: 'F32',
            shape: [length],
            data: async () => {
              expect(++open).toBe(1);
              calls.push(name);
              await new Promise((resolve) => setTimeout(resolve, 1));
              open--;
              return new Float32Array(length).fill(calls.length);
            },
          },
        ];
    }
    await writeSafetensors(path, entries());
    expect(calls).toEqual(['small', 'large', 'last']);
    const tensors = await readSafetensors(path);
    expect([...tensors.values()].map(({ data }) => data[data.length - 1])).toEqual([1, 2, 3]);
  });

  test('a data function may use its array again', async () => {
    const scratch = new Float32Array(2);
    const entry = (value: number): WritableTensor => ({ dtype: 'F32', shape: [2], data: () => scratch.fill(value) });
    await writeSafetensors(path, [
      ['a', entry(1)],
      ['b', entry(2)],
    ]);
    const tensors = await readSafetensors(path);
    expect(tensors.get('a')?.data).toEqual(Float32Array.of(1, 1));
    expect(tensors.get('b')?.data).toEqual(Float32Array.of(2, 2));
  });

  const failing: [string, Iterable<readonly [string, WritableTensor]>, RegExp][] = [
    [
      'a data function throws',
      [
        ['a', vector(2)],
        [
          'b',
          {
            ...vector(1),
            data: () => {
              throw new Error('lost');
            },
          },
        ],
      ],
      /^lost$/,
    ],
    [
      'data is too short',
      [['a', { ...vector(1), data: () => new Float32Array(0) }]],
      /tensor "a": expected Float32Array of 4 bytes/,
    ],
    [
      'a name comes twice',
      [
        ['a', vector(2)],
        ['a', vector(2)],
      ],
      /every name once/,
    ],
  ];
  test.each(failing)('leaves the old file and nothing else when %s', async (_, entries, message) => {
    await writeSafetensors(path, [['old', vector(1)]]);
    await expect(writeSafetensors(path, entries)).rejects.toThrow(message);
    expect([...(await readSafetensors(path)).keys()]).toEqual(['old']);
    expect(await readdir(folder)).toEqual(['model.safetensors']);
  });

  test('says what to do when the folder is missing', async () => {
    const missing = join(folder, 'no', 'model.safetensors');
    const written = writeSafetensors(missing, [['a', vector(1)]]);
    await expect(written).rejects.toThrow(/could not be written \(ENOENT\): the folder does not exist. Make it first/);
    await expect(written).rejects.toBeInstanceOf(CheckpointError);
  });

  test('leaves nothing behind when the disk is full', async () => {
    const full = await open('/dev/full', 'w').catch(() => undefined);
    if (!full) return console.info('skipped: this system has no /dev/full');
    await full.close();
    // The rename would replace the device, so the device stands behind the temporary file's handle.
    const { writeAtomic, writeFully } = await import('./atomic.js');
    await writeFile(path, 'old');
    const written = writeAtomic(path, async () => {
      const device = await open('/dev/full', 'w');
      await writeFully(device, new Uint8Array(10)).finally(() => device.close());
    });
    await expect(written).rejects.toThrow(/could not be written \(ENOSPC\): the disk is full. Free some space/);
    expect(await readdir(folder)).toEqual(['model.safetensors']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });
});

describe('writeFileAtomic', () => {
  test('replaces text and bytes, keeps permissions and links', async () => {
    const link = join(folder, 'link');
    await writeFileAtomic(path, 'one');
    await chmod(path, 0o600);
    await symlink(path, link);
    await writeFileAtomic(link, Uint8Array.of(50));
    expect(await readFile(path, 'utf8')).toBe('2');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).sort()).toEqual(['link', 'model.safetensors']);
  });

  test('refuses a folder', async () => {
    await mkdir(path);
    await expect(writeFileAtomic(path, 'x')).rejects.toThrow(/EISDIR.*a folder has this name/);
    expect(await readdir(folder)).toEqual(['model.safetensors']);
  });

  test('many writers at once leave one whole file', async () => {
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(10_000));
    await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
    expect(texts).toContain(await readFile(path, 'utf8'));
    expect(await readdir(folder)).toEqual(['model.safetensors']);
  });
});

describe('openSafetensors', () => {
  test('reads single tensors by range, aligned, whatever lies before them', async () => {
    const half: StoredTensor = { dtype: 'F16', shape: [1], data: Uint16Array.of(7) };
    await writeSafetensors(
      path,
      [
        ['h', half],
        ['v', vector(1, 2)],
      ],
      { epoch: '3' },
    );
    const file = await openSafetensors(path);
    expect(file.metadata).toEqual({ epoch: '3' });
    expect([...file.tensors.keys()]).toEqual(['h', 'v']);
    expect(await file.read('v')).toEqual(vector(1, 2));
    expect(await file.read('h')).toEqual(half);
    await expect(file.read('w')).rejects.toThrow(/tensor "w": expected a tensor of this file, which has 2/);
    await file.close();
  });

  test('does not read the data', async () => {
    await writeFile(path, serializeSafetensors([['a', { dtype: 'U8', shape: [4096], data: new Uint8Array(4096) }]]));
    const grown = { dtype: 'U8', shape: [2 ** 40], data_offsets: [0, 2 ** 40] };
    const header = new TextEncoder().encode(JSON.stringify({ a: grown }));
    const start = new Uint8Array(8 + header.length);
    new DataView(start.buffer).setBigUint64(0, BigInt(header.length), true);
    start.set(header, 8);
    await writeFile(path, start);
    await truncate(path, start.length + 2 ** 40).catch(() => undefined); // a sparse file of a terabyte
    if ((await stat(path)).size < 2 ** 40) return console.info('skipped: this file system has no sparse files');
    const file = await openSafetensors(path);
    expect(file.tensors.get('a')?.shape).toEqual([2 ** 40]);
    await file.close();
  });

  test('reads a prefix only', async () => {
    await writeSafetensors(path, [
      ['a.x', vector(1)],
      ['b.x', vector(2)],
    ]);
    expect(await readSafetensors(path, { prefix: 'b.' })).toEqual(new Map([['x', vector(2)]]));
  });

  test('equals parseSafetensors', async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, async (entries) => {
        const bytes = serializeSafetensors(entries);
        await writeFile(path, bytes);
        expect(await readSafetensors(path)).toEqual(parseSafetensors(bytes));
      }),
      { numRuns: 20 },
    );
  });

  test('refuses what is missing, a folder, cut off or shrinking', async () => {
    await expect(openSafetensors(path)).rejects.toThrow(
      /model.safetensors: expected a file that can be read, got: ENOENT/,
    );
    await expect(openSafetensors(folder)).rejects.toThrow(/expected a file, got a folder|EISDIR/);
    await writeFile(path, new Uint8Array(3));
    await expect(openSafetensors(path)).rejects.toThrow(/byte 0: expected 8 bytes/);
    await writeFile(path, serializeSafetensors([['a', vector(1, 2)]]).subarray(0, -1));
    await expect(openSafetensors(path)).rejects.toThrow(SafetensorsError);
    await writeSafetensors(path, [['a', vector(1, 2)]]);
    const file = await openSafetensors(path);
    await truncate(path, file.dataStart + 3);
    await expect(file.read('a')).rejects.toThrow(
      /tensor "a", byte \d+: expected data up to byte \d+, got the end of the file/,
    );
    await file.close();
  });
});
