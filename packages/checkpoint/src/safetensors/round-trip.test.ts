import { parseSafetensors, readHeader, type StoredTensor, serializeSafetensors } from '@gss/checkpoint';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asBytes } from '../dtype.js';
import { anyEntries, anyMetadata } from './test-arbitraries.js';

const comparable = (tensors: ReadonlyMap<string, StoredTensor>) =>
  [...tensors].map(([name, { dtype, shape, data }]) => ({ name, dtype, shape: [...shape], bytes: [...asBytes(data)] }));

describe('serializeSafetensors → parseSafetensors', () => {
  test('gives back names, order, types, shapes, bytes and metadata', () => {
    fc.assert(
      fc.property(anyEntries, anyMetadata, (entries, metadata) => {
        const file = serializeSafetensors(entries, metadata);
        expect(comparable(parseSafetensors(file))).toEqual(comparable(entries));
        expect(readHeader(file).metadata).toEqual(metadata);
      }),
    );
  });

  test('reads from any position in a buffer', () => {
    fc.assert(
      fc.property(anyEntries, fc.nat(9), (entries, shift) => {
        const file = serializeSafetensors(entries);
        const buffer = new Uint8Array(shift + file.length + 3).fill(0xee);
        buffer.set(file, shift);
        for (const bytes of [buffer, Buffer.from(buffer.buffer)])
          expect(comparable(parseSafetensors(bytes.subarray(shift, shift + file.length)))).toEqual(comparable(entries));
      }),
    );
  });

  test('reads from shared memory', () => {
    const file = serializeSafetensors([['a', { dtype: 'F32', shape: [1], data: Float32Array.of(7) }]]);
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    expect(parseSafetensors(shared).get('a')?.data[0]).toBe(7);
  });

  test('lays every tensor aligned for its type', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const file = serializeSafetensors(entries);
        for (const { data } of parseSafetensors(file).values()) expect(data.buffer).toBe(file.buffer);
      }),
    );
  });
});

describe('serializeSafetensors refuses', () => {
  const one: StoredTensor = { dtype: 'F32', shape: [1], data: new Float32Array(1) };
  test.each<[string, [string, StoredTensor][], RegExp]>([
    [
      'a name twice',
      [
        ['a', one],
        ['a', one],
      ],
      /tensor "a": expected every name once/,
    ],
    ['the reserved name', [['__metadata__', one]], /other than __metadata__/],
    ['half a surrogate pair', [['\ud800', one]], /expected a name of Unicode text/],
    [
      'data of another size',
      [['a', { ...one, shape: [2] }]],
      /expected Float32Array of 8 bytes for F32 \[2\], got Float32Array\(4 bytes\)/,
    ],
    ['data of another kind', [['a', { ...one, data: new Int32Array(1) }]], /expected Float32Array .* got Int32Array/],
    ['a fractional size', [['a', { ...one, shape: [0.5] }]], /non-negative integers, got \[0.5\]/],
    ['a negative size', [['a', { ...one, shape: [-1] }]], /non-negative integers, got \[-1\]/],
    ['too many elements', [['a', { ...one, shape: [2 ** 40, 2 ** 40] }]], /beyond 2\^53 bytes/],
    ['too many dimensions', [['a', { ...one, shape: Array(65).fill(1) }]], /at most 64 dimensions, got 65/],
    ['an unknown type', [['a', { ...one, dtype: 'U16' as 'U8' }]], /expected a dtype of F64 .*, got "U16"/],
    ['an inherited name as type', [['a', { ...one, dtype: 'constructor' as 'U8' }]], /expected a dtype/],
  ])('%s', (_, entries, message) => {
    expect(() => serializeSafetensors(entries)).toThrow(message);
  });

  test('metadata that is no text', () => {
    const metadata = { epoch: 3 as unknown as string };
    expect(() => serializeSafetensors([], metadata)).toThrow(/metadata "epoch": expected Unicode text, got 3/);
  });
});
