import fc from 'fast-check';
import { allocate, asBytes, countElements, type DType, dtypes, type StoredTensor } from '../dtype.js';

/** Any tensor: every type, scalars, empty ones, random bytes (so NaN payloads too). */
export const anyTensor: fc.Arbitrary<StoredTensor> = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(4), { maxLength: 4 }), fc.infiniteStream(fc.nat(255)))
  .map(([dtype, shape, noise]) => tensorOf(dtype, shape, () => noise.next().value as number));

function tensorOf(dtype: DType, shape: number[], byte: () => number): StoredTensor {
  const data = allocate(dtype, countElements(shape) as number);
  const bytes = asBytes(data);
  for (let i = 0; i < bytes.length; i++) bytes[i] = dtype === 'BOOL' ? byte() & 1 : byte();
  return { dtype, shape, data };
}

/** Any name that can be written: all of Unicode, control characters, names of object members. */
const anyName = fc
  .oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', 'constructor', '0', '', '"\\', '\u2028'))
  .filter((name) => name !== '__metadata__');

/** Names and tensors as they would be in a file. */
export const anyEntries: fc.Arbitrary<Map<string, StoredTensor>> = fc
  .array(fc.tuple(anyName, anyTensor), { maxLength: 6 })
  .map((entries) => new Map(entries));

/** Strings that may stand beside the tensors. */
export const anyMetadata: fc.Arbitrary<Record<string, string>> = fc
  .array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), { maxLength: 3 })
  .map((pairs) => Object.fromEntries(pairs));

/** The bytes of a file with the given header text and data, however wrong. */
export function fileOf(header: string | Uint8Array, data: Uint8Array = new Uint8Array(0), length?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}
