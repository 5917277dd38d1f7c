/** Element types of safetensors; the same names as `@gss/checkpoint` uses. */
export type DType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** A tensor outside the graph. F16 and BF16 hold raw bits in a Uint16Array, I64 a BigInt64Array. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data:
    | Float64Array
    | Float32Array
    | Uint16Array
    | BigInt64Array
    | Int32Array
    | Int16Array
    | Int8Array
    | Uint8Array;
}

const scratch = new DataView(new ArrayBuffer(4));

function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Elements as float32; integers beyond 2^24 lose precision, as a cast in PyTorch does. */
export function storedToFloat32({ dtype, data }: StoredTensor): Float32Array {
  if (dtype === 'F32') return data as Float32Array;
  if (dtype === 'F16') return Float32Array.from(data as Uint16Array, halfToFloat);
  if (dtype === 'BF16') {
    return Float32Array.from(data as Uint16Array, (bits) => {
      scratch.setUint32(0, bits * 0x10000);
      return scratch.getFloat32(0);
    });
  }
  if (dtype === 'I64') return Float32Array.from(data as BigInt64Array, Number);
  return Float32Array.from(data as Float64Array);
}

/** Elements as int32. */
export function storedToInt32(stored: StoredTensor): Int32Array {
  if (stored.dtype === 'I64') return Int32Array.from(stored.data as BigInt64Array, Number);
  if (stored.dtype === 'I32') return stored.data as Int32Array;
  return Int32Array.from(storedToFloat32(stored));
}
