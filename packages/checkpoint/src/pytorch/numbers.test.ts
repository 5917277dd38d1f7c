import { PyTorchError, readPyTorch, type TorchTensor } from '@gss/checkpoint/pytorch';
import { describe, expect, test } from 'vitest';
import { archive, bytesOf, global, list, pickle, repeat, tensor, text, u32, u64 } from './test-pickle.js';
import { inArchive } from './test-refusal.js';

describe('no number is believed', () => {
  const huge = 2n ** 62n;
  test.each<[string, Parameters<typeof tensor>[0], RegExp]>([
    [
      'a storage larger than the file',
      { length: 2 ** 31 },
      /claims 2147483648 elements of F32, 8589934592 bytes, but the file has/,
    ],
    ['a storage of negative length', { length: -1 }, /expected a storage/],
    ['a storage unlike its bytes', { length: 3, shape: [3] }, /expected 12 bytes for the storage "0", got 16/],
    ['a storage that is missing', { key: '7' }, /expected the storage "7" in the archive, got none/],
    ['a path for a key', { key: '../data.pkl' }, /got none/],
    ['a negative offset', { offset: -1 }, /non-negative integers, got -1/],
    ['an offset beyond', { offset: 4, shape: [1] }, /within its storage of 4 elements, got one that reaches 5/],
    ['an empty view beyond', { offset: 5, shape: [0] }, /reaches 5/],
    ['a negative size', { shape: [-1] }, /non-negative integers/],
    ['a negative stride', { strides: [-1] }, /non-negative integers/],
    ['a size beyond', { shape: [5] }, /reaches 5/],
    ['a stride beyond', { shape: [2], strides: [4] }, /reaches 5/],
    ['a size beyond 2^53', { shape: [huge] }, /non-negative integers/],
    ['sizes that overflow', { shape: [2 ** 40, 2 ** 40], strides: [0, 0] }, /within its storage/],
    ['a stride that overflows', { shape: [2 ** 40], strides: [2 ** 40] }, /within its storage/],
    ['fewer strides than sizes', { shape: [2, 2] }, /offset, shape and strides/],
    ['too many sizes', { shape: Array(65).fill(1), strides: Array(65).fill(1) }, /at most 64/],
    [
      'a scalar repeated to gigabytes',
      { shape: [2 ** 30], strides: [0] },
      /repeats a storage of 4 elements to 4294967296 bytes/,
    ],
  ])('%s', (_, options, message) => expect(inArchive(tensor(options))).toMatch(message));

  test('a storage in two types', () => {
    expect(inArchive(list(tensor(), tensor({ type: 'IntStorage' })))).toMatch(
      /storage "0" is 4 × F32 and 4 × I32 at once/,
    );
  });

  test('a thousand copies of one storage', () => {
    const expanded = tensor({ shape: [2 ** 22], strides: [0] }); // 16 MiB each, the allowance is 64
    const { value } = readPyTorch(archive(pickle(list(expanded, expanded, expanded, expanded, expanded))));
    const read = () => (value as TorchTensor[]).map(({ data }) => data.length);
    expect(read).toThrow(PyTorchError);
    expect(read).toThrow(/tensors of at most \d+ bytes in all/);
  });

  test.each<[string, (string | number | Uint8Array)[], RegExp]>([
    ['text', ['X', u32(0xffffffff), 'ab'], /expected 4294967295 more bytes, got 3/],
    ['long text', [0x8d, u64(2n ** 63n)], /expected 9223372036854776000 more bytes/],
    ['bytes', ['B', u32(0x7fffffff)], /expected 2147483647 more bytes/],
    ['long bytes', [0x8e, u64(2n ** 64n - 1n)], /more bytes/],
    ['a frame', [0x95, u64(1000)], /expected 1000 more bytes/],
    ['a negative count of an integer', [0x8b, u32(0xffffffff)], /expected a length, got -1/],
    ['a negative count of a string', ['T', u32(0x80000000)], /expected a length, got -2147483648/],
    ['a huge integer', [0x8b, u32(1 << 20), new Uint8Array(1 << 20)], /an integer of at most 1024 bytes, got 1048576/],
  ])('the length of %s', (_, parts, message) => expect(inArchive(...parts)).toMatch(message));
});

describe('bombs', () => {
  test('a value that shares everything twice', () => {
    const doubled = bytesOf('0](h', 0, 'h', 0, 'eq', 0); // [x, x], kept in the place of x
    expect(inArchive(']q', 0, repeat(64, doubled))).toMatch(/at most 10000000 steps to walk the value/);
  });
  test.each<[string, Uint8Array]>([
    ['tuples', bytesOf('N', repeat(1_000, Uint8Array.of(0x85)))],
    ['lists', bytesOf(repeat(1_000, bytesOf(']')), repeat(999, bytesOf('a')))],
    ['shared tuples', bytesOf('Nq', 0, repeat(1_000, bytesOf('0h', 0, 0x85, 'q', 0)))],
  ])('a thousand nested %s', (_, parts) => expect(inArchive(parts)).toMatch(/at most 512 levels of nesting/));
  test('half a million nested tuples, which a message must not follow', () => {
    expect(inArchive('N', repeat(500_000, Uint8Array.of(0x85)))).toMatch(/at most 512 levels/);
    expect(inArchive(global('torch', 'Size'), '](N', repeat(100_000, Uint8Array.of(0x85)), 'eR')).toMatch(
      /with \[\[\[…\]\]\]/,
    );
  });
  test('open marks', () => expect(inArchive(repeat(2_000, bytesOf('(')))).toMatch(/at most 1000 open marks/));
  test('a value that contains itself', () => expect(inArchive(']q', 0, 'h', 0, 'a')).toMatch(/contains itself/));
  test('millions of objects', () =>
    expect(inArchive('(', repeat(1_100_000, bytesOf('}')), 't')).toMatch(/at most 1000000 objects/));
  test('millions of memo entries', () =>
    expect(inArchive('N', repeat(1_100_000, Uint8Array.of(0x94)))).toMatch(/at most 1000000 values in the memo/));
  test('millions of values', () =>
    expect(inArchive(repeat(1_100_000, bytesOf('N')))).toMatch(/at most 1000000 values on the stack/));
  test('a long argument copied again and again', () => {
    const long = text('x'.repeat(1_000_000));
    const encode = bytesOf('h', 1, 'h', 0, 'h', 2, 0x86, 'R0');
    const setup = bytesOf(long, 'q', 0, '0', global('_codecs', 'encode'), 'q', 1, '0', text('latin1'), 'q', 2, '0');
    expect(inArchive(setup, repeat(1_000, encode), 'N')).toMatch(/at most 1000000 objects and copies/);
    const items = bytesOf('](', repeat(10_000, bytesOf('N')), 'eq', 0, '0', global('__builtin__', 'set'), 'q', 1, '0');
    expect(inArchive(items, repeat(1_000, bytesOf('h', 1, 'h', 0, 0x85, 'R0')), 'N')).toMatch(/objects and copies/);
  });
});
