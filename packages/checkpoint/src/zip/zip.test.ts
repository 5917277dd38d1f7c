import * as zlib from 'node:zlib';
import { CheckpointError } from '@gss/checkpoint';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32 } from './crc32.js';
import { memberStart, readZipDirectory } from './read.js';
import type { ByteSource } from './source.js';
import { ZipPlan } from './write.js';

test('the check sum is that of the standard', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const gzip = zlib.gzipSync(bytes); // ends in the check sum and the length
      expect(crc32(bytes)).toBe(gzip.readUInt32LE(gzip.length - 8));
    }),
  );
});

/** An archive whose members are too large for memory: only the bytes around their data are there. */
function sparseArchive(sizes: readonly number[]): ByteSource {
  const plan = new ZipPlan(64, () => 0);
  const pieces: { at: number; bytes: Uint8Array }[] = [];
  let at = 0;
  for (const [i, size] of sizes.entries()) {
    const bytes = plan.head(`m${i}`, { length: size } as Uint8Array);
    pieces.push({ at, bytes });
    at += bytes.length + size;
  }
  const end = plan.end();
  pieces.push({ at, bytes: end });
  return {
    label: 'sparse',
    error: CheckpointError,
    size: at + end.length,
    inMemory: true,
    read: (begin, stop) => {
      const out = new Uint8Array(stop - begin);
      for (const piece of pieces) {
        const from = Math.max(begin, piece.at);
        const to = Math.min(stop, piece.at + piece.bytes.length);
        if (from < to) out.set(piece.bytes.subarray(from - piece.at, to - piece.at), from - begin);
      }
      return out;
    },
  };
}

test('members, places and archives beyond 4 GiB come back, aligned', () => {
  const sizes = [7, 5 * 2 ** 30, 3, 2 ** 32 - 1, 0, 2 ** 36];
  const source = sparseArchive(sizes);
  const members = [...readZipDirectory(source, '').values()];
  expect(members.map(({ name, size }) => [name, size])).toEqual(sizes.map((size, i) => [`m${i}`, size]));
  for (const member of members) expect(memberStart(source, member) % 64).toBe(0);
});

test('more members than the short form can count', () => {
  const source = sparseArchive(new Array<number>(70_000).fill(1));
  expect(readZipDirectory(source, '').size).toBe(70_000);
});
