import { parseSafetensors, readHeader, SafetensorsError, serializeSafetensors } from '@gss/checkpoint';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyEntries, anyMetadata, fileOf } from './test-arbitraries.js';

const four = new Uint8Array(4);
const eight = new Uint8Array(8);
const f32 = (shape: string, begin: number | string, end: number | string, dtype = 'F32') =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

describe('parseSafetensors refuses, and says where and what,', () => {
  test.each<[string, Uint8Array, RegExp]>([
    [
      'an empty file',
      new Uint8Array(0),
      /^model, byte 0: expected 8 bytes with the header's length, got a file of 0 bytes/,
    ],
    ['a header beyond the file', fileOf('{}', four, 7n), /expected a header of 7 bytes, got only 6 after the length/],
    [
      'a header beyond 100 MB',
      fileOf('{}', four, 2n ** 63n),
      /expected a header of at most 100000000 bytes, got 9223372036854775808/,
    ],
    ['a header of no bytes', fileOf('', four), /expected a header of at least 2 bytes, got 0/],
    ['a header that is not UTF-8', fileOf(Uint8Array.of(0x7b, 0xff, 0x7d)), /byte 8: expected the header in UTF-8/],
    [
      'a header that is not JSON',
      fileOf('{oops}'),
      /byte 9: header: expected a name in the header in double quotes, got "oops}"/,
    ],
    ['a header that is no object', fileOf('[1]'), /byte 8: header: expected a JSON object, got "\[1\]"/],
    ['a header that begins with a space', fileOf(' {}'), /expected a JSON object/],
    ['a byte order mark', fileOf('\ufeff{}'), /expected a JSON object/],
    ['an unfinished object', fileOf('{"a":'), /expected tensor "a" as {, got the end of the header/],
    ['an unfinished string', fileOf('{"a\\"'), /to end before the header does/],
    [
      'a comma too many',
      fileOf(`{"a":${f32('[1]', 0, 4)},}`, four),
      /byte \d+: header: expected a name in the header in double quotes, got "}"/,
    ],
    ['a control character in a name', fileOf('{"a\n":{}}'), /to be valid JSON/],
    ['half a surrogate pair in a name', fileOf('{"\\ud800":{}}'), /half a surrogate pair/],
    ['text after the object', fileOf('{}{}'), /expected nothing but spaces after the object, got "{}"/],
    [
      'a name twice',
      fileOf(`{"a":${f32('[1]', 0, 4)},"a":${f32('[1]', 0, 4)}}`, four),
      /every name once in the header, got "a" twice/,
    ],
    [
      'a name twice, once escaped',
      fileOf(`{"a":${f32('[1]', 0, 4)},"\\u0061":${f32('[1]', 4, 8)}}`, eight),
      /got "a" twice/,
    ],
    [
      'a field twice',
      fileOf('{"a":{"dtype":"F32","dtype":"F16"}}'),
      /every name once in tensor "a", got "dtype" twice/,
    ],
    [
      'a field unknown',
      fileOf('{"a":{"dtype":"F32","extra":1}}'),
      /expected only dtype, shape and data_offsets in tensor "a", got "extra"/,
    ],
    [
      'a field missing',
      fileOf('{"a":{"dtype":"F32","shape":[]}}'),
      /expected dtype, shape and data_offsets in tensor "a", got fewer/,
    ],
    ['a tensor that is no object', fileOf('{"a":5}'), /expected tensor "a" as {, got "5}"/],
    [
      'an unknown type',
      fileOf(`{"a":${f32('[1]', 0, 4, 'F31')}}`, four),
      /tensor "a", byte 9: expected a dtype of F64 .*, got "F31"/,
    ],
    [
      'a type named like an inherited member',
      fileOf(`{"a":${f32('[1]', 0, 4, 'toString')}}`, four),
      /expected a dtype of/,
    ],
    [
      'a negative size',
      fileOf(`{"a":${f32('[-1]', 0, 4)}}`, four),
      /shape of tensor "a" to be an integer from 0 to 2\^53 − 1, got -1/,
    ],
    ['a fractional size', fileOf(`{"a":${f32('[1.0]', 0, 4)}}`, four), /got 1\.0/],
    ['a size with an exponent', fileOf(`{"a":${f32('[1e0]', 0, 4)}}`, four), /got 1e0/],
    ['a size with leading zeros', fileOf(`{"a":${f32('[01]', 0, 4)}}`, four), /got 01/],
    ['a size beyond 2^53', fileOf(`{"a":${f32('[9007199254740992]', 0, 4)}}`, four), /got 9007199254740992/],
    ['a product beyond 2^53', fileOf(`{"a":${f32('[4294967296,4294967296]', 0, 4)}}`, four), /is beyond 2\^53 bytes/],
    [
      'a product that wraps to the size in 64 bits',
      fileOf(`{"a":${f32('[4294967297,4294967297]', 0, 4)}}`, four),
      /is beyond 2\^53 bytes/,
    ],
    ['too many dimensions', fileOf(`{"a":${f32(`[${Array(65).fill(1)}]`, 0, 4)}}`, four), /to have at most 64 numbers/],
    ['a range that runs backwards', fileOf(`{"a":${f32('[1]', 4, 0)}}`, four), /begin ≤ end, got \[4,0\]/],
    [
      'a range of one number',
      fileOf('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0]}}'),
      /data_offsets \[begin, end\]/,
    ],
    [
      'a range of three numbers',
      fileOf('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0,0]}}'),
      /at most 2 numbers/,
    ],
    [
      'a range unlike shape and type',
      fileOf(`{"a":${f32('[2]', 0, 4)}}`, four),
      /expected 8 bytes for F32 \[2\], got data_offsets \[0,4\], 4 bytes/,
    ],
    [
      'overlapping tensors',
      fileOf(`{"a":${f32('[1]', 0, 4)},"b":${f32('[1]', 2, 6)}}`, eight),
      /tensor "b", byte \d+: expected it to begin at byte \d+, after tensor "a", got an overlap/,
    ],
    ['the same data twice', fileOf(`{"a":${f32('[1]', 0, 4)},"b":${f32('[1]', 0, 4)}}`, four), /got an overlap/],
    ['a hole', fileOf(`{"a":${f32('[1]', 4, 8)}}`, eight), /tensor "a", byte \d+: .* got a hole of 4 bytes/],
    [
      'data cut off',
      fileOf(`{"a":${f32('[2]', 0, 8)}}`, four),
      /expected its data up to byte \d+, got a file of \d+ bytes: cut off/,
    ],
    [
      'data left over',
      fileOf(`{"a":${f32('[1]', 0, 4)}}`, eight),
      /expected the file to end here, after tensor "a", got 4 more bytes/,
    ],
    ['metadata that is no object', fileOf('{"__metadata__":"x"}'), /expected __metadata__ as {/],
    [
      'metadata that is no text',
      fileOf('{"__metadata__":{"a":1}}'),
      /expected the value of "a" in __metadata__ in double quotes, got "1}}"/,
    ],
    ['nested metadata', fileOf('{"__metadata__":{"a":{}}}'), /expected the value of "a"/],
    ['metadata twice', fileOf('{"__metadata__":{},"__metadata__":{}}'), /got "__metadata__" twice/],
    ['a bloated header', fileOf(`{}${' '.repeat(1_100_000)}`), /at most 1048576 bytes of white space, got 1100000/],
    ['deep nesting', fileOf(`{"a":${'['.repeat(1_000_000)}`), /expected tensor "a" as {/],
  ])('%s', (_, file, message) => {
    expect(() => parseSafetensors(file, { label: 'model' })).toThrow(message);
    expect(() => parseSafetensors(file, { label: 'model' })).toThrow(SafetensorsError);
  });

  test('with the place as fields', () => {
    const file = fileOf(`{"é":${f32('[1]', 4, 8)}}`, eight);
    const begin = file.length - 4;
    expect(() => parseSafetensors(file, { label: 'm' })).toThrow(
      expect.objectContaining({ file: 'm', tensor: 'é', offset: begin }),
    );
    expect(() => parseSafetensors(fileOf('{"é":5}'), { label: 'm' })).toThrow(expect.objectContaining({ offset: 14 }));
  });
});

describe('parseSafetensors takes', () => {
  test('an empty header, spaces, and fields in any order', () => {
    expect(parseSafetensors(fileOf('{}')).size).toBe(0);
    const file = fileOf('{ "a" : { "data_offsets" : [ 0 , 4 ] , "shape" : [ ] , "dtype" : "F32" } }   ', four);
    expect(parseSafetensors(file).get('a')).toEqual({ dtype: 'F32', shape: [], data: new Float32Array(1) });
  });

  test('empty tensors, also between others', () => {
    const file = fileOf(
      `{"e":${f32('[0,9007199254740991]', 4, 4)},"a":${f32('[1]', 0, 4)},"b":${f32('[1]', 4, 8)}}`,
      eight,
    );
    expect([...parseSafetensors(file).keys()]).toEqual(['e', 'a', 'b']);
  });

  test('unaligned data, by a copy', () => {
    const file = fileOf(`{"a":${f32('[1]', 0, 1, 'U8')},"b":${f32('[1]', 1, 5)}}`, Uint8Array.of(7, 0, 0, 128, 63));
    expect(parseSafetensors(file).get('b')?.data).toEqual(Float32Array.of(1));
  });

  test('names of object members without harm', () => {
    const file = fileOf(`{"__metadata__":{"__proto__":"x"},"__proto__":${f32('[]', 0, 4)}}`, four);
    expect([...parseSafetensors(file).keys()]).toEqual(['__proto__']);
    expect(Object.keys(readHeader(file).metadata)).toEqual(['__proto__']);
  });
});

test('any corruption of a file is read or refused, never anything else', () => {
  const corruption = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'insert', 'remove')), {
    minLength: 1,
    maxLength: 4,
  });
  let refused = 0;
  fc.assert(
    fc.property(anyEntries, anyMetadata, corruption, (entries, metadata, changes) => {
      const bytes = [...serializeSafetensors(entries, metadata)];
      for (const [where, byte, how] of changes)
        bytes.splice(where % (bytes.length + 1), how === 'insert' ? 0 : 1, ...(how === 'remove' ? [] : [byte]));
      try {
        for (const { data, shape } of parseSafetensors(Uint8Array.from(bytes)).values())
          expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
      } catch (error) {
        if (!(error instanceof SafetensorsError)) throw error;
        refused++;
      }
    }),
    { numRuns: 500 },
  );
  expect(refused).toBeGreaterThan(250);
});
