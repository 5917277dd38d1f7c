import { allocate, arrayName, type DType, isDataOf, type StoredTensor, type TypedArray } from './dtype.js';
import { show } from './errors.js';
import { decodeBF16, decodeF16, encodeBF16, encodeF16 } from './float16.js';

/**
 * The values of a stored tensor as float32. F32 comes back as it is, without a copy; F16, BF16, I8, I16 and U8 are
 * exact; F64, I32 and I64 are rounded to the nearest float32; BOOL becomes 0 and 1.
 */
export function toFloat32({ dtype, data }: StoredTensor): Float32Array {
  if (!isDataOf(dtype, data))
    throw new TypeError(`toFloat32: expected the data of ${dtype} in ${arrayName(dtype)}, got ${show(data)}.`);
  if (data instanceof Float32Array) return data;
  if (dtype === 'F16') return decodeF16(data as Uint16Array);
  if (dtype === 'BF16') return decodeBF16(data as Uint16Array);
  if (dtype === 'BOOL') return Float32Array.from(data as Uint8Array, (value) => (value === 0 ? 0 : 1));
  if (data instanceof BigInt64Array) return Float32Array.from(data, Number);
  return new Float32Array(data);
}

/** Smallest and largest value of the integer types. 2^63 − 2^39 is the largest float32 below 2^63. */
const integerRange: Partial<Record<DType, readonly [number, number]>> = {
  I64: [-(2 ** 63), 2 ** 63 - 2 ** 39],
  I32: [-(2 ** 31), 2 ** 31 - 1],
  I16: [-(2 ** 15), 2 ** 15 - 1],
  I8: [-128, 127],
  U8: [0, 255],
  BOOL: [0, 1],
};

/**
 * float32 values as the raw data of another element type. F16 and BF16 round to the nearest, ties to even. F32 comes
 * back as it is, without a copy.
 * @throws RangeError when an integer type cannot hold a value (a fraction, NaN, out of its range).
 */
export function fromFloat32(data: Float32Array, dtype: DType): TypedArray {
  if (dtype === 'F32') return data;
  if (dtype === 'F16') return encodeF16(data);
  if (dtype === 'BF16') return encodeBF16(data);
  if (dtype === 'F64') return new Float64Array(data);
  const range = integerRange[dtype];
  if (!range) throw new RangeError(`fromFloat32: expected an element type such as F16, got ${show(dtype)}.`);
  const [low, high] = range;
  const wrong = data.findIndex((value) => !Number.isInteger(value) || value < low || value > high);
  if (wrong >= 0)
    throw new RangeError(
      `fromFloat32: ${dtype} expected integers from ${low} to ${high}, got ${data[wrong]} at index ${wrong}. Round and clamp first, or keep F32.`,
    );
  const out = allocate(dtype, data.length);
  if (out instanceof BigInt64Array) for (let i = 0; i < data.length; i++) out[i] = BigInt(data[i] as number);
  else out.set(data);
  return out;
}
