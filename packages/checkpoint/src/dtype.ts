import { CheckpointError, type CheckpointErrorPlace, show } from './errors.js';

/** Element types, named as in safetensors. */
export type DType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** How an element type lies in memory: F16 and BF16 are kept raw in a Uint16Array, BOOL as 0 and 1. */
export type TypedArray =
  | Float64Array
  | Float32Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

/** What is known of a tensor before its data is read. A scalar has the shape []. */
export interface TensorSpec {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A tensor as it lies in a checkpoint: row-major data of `dtype`. */
export interface StoredTensor extends TensorSpec {
  readonly data: TypedArray;
}

const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const satisfies Record<DType, unknown>;

/** Every element type, largest element first. */
export const dtypes: readonly DType[] = ['F64', 'I64', 'F32', 'I32', 'F16', 'BF16', 'I16', 'I8', 'U8', 'BOOL'];

/** The most dimensions a tensor may have (PyTorch and NumPy stop there too). */
export const maxRank = 64;

/** Whether a string names an element type that this package reads. */
export const isDType = (name: string): name is DType => Object.hasOwn(arrays, name);

/** Bytes one element takes. */
export const bytesPerElement = (dtype: DType): number => arrays[dtype].BYTES_PER_ELEMENT;

/** Elements of a shape, or undefined where the product leaves the integers a number holds exactly (2^53). */
export function countElements(shape: readonly number[]): number | undefined {
  if (shape.includes(0)) return 0;
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** Bytes of a tensor, or undefined where that is beyond 2^53. */
export function countBytes({ dtype, shape }: TensorSpec): number | undefined {
  const bytes = (countElements(shape) ?? Number.NaN) * bytesPerElement(dtype);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * Bytes as the elements of `dtype`: a view where the bytes lie aligned for it, else a copy.
 * @throws RangeError when the length is no multiple of the element.
 */
export function asTypedArray(dtype: DType, bytes: Uint8Array): TypedArray {
  const ArrayType = arrays[dtype];
  const size = ArrayType.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes); // slice() of a Buffer copies nothing
  return new ArrayType(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size);
}

/** The bytes of a typed array, without a copy. */
export const asBytes = (data: TypedArray): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Zeros for a tensor of that many elements. */
export const allocate = (dtype: DType, length: number): TypedArray => new arrays[dtype](length);

/** Whether `data` is the kind of array in which `dtype` is kept. */
export const isDataOf = (dtype: DType, data: unknown): data is TypedArray =>
  data instanceof arrays[dtype] || (dtype === 'U8' && data instanceof Uint8ClampedArray);

/** The name of the array class in which `dtype` is kept. */
export const arrayName = (dtype: DType): string => arrays[dtype].name;

/** Refuses to run where typed arrays are not little-endian, as all these formats are. */
export function requireLittleEndian(place: CheckpointErrorPlace = {}): void {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1)
    throw new CheckpointError(
      'expected a little-endian machine, got a big-endian one, which is not supported. Convert the file elsewhere.',
      place,
    );
}

/** Says what is wrong with a spec from outside, or undefined when nothing is. */
export function specFault({ dtype, shape }: TensorSpec): string | undefined {
  if (typeof dtype !== 'string' || !isDType(dtype))
    return `expected a dtype of ${dtypes.join(' ')}, got ${show(dtype)}`;
  if (!Array.isArray(shape)) return `expected a shape, got ${show(shape)}`;
  if (shape.length > maxRank) return `expected at most ${maxRank} dimensions, got ${shape.length}`;
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    return `expected a shape of non-negative integers, got ${show(shape)}`;
  if (countBytes({ dtype, shape }) === undefined) return `shape ${show(shape)} of ${dtype} is beyond 2^53 bytes`;
  return undefined;
}

/** Says how data differs from what its spec promised, or undefined when it does not. */
export function dataFault(spec: TensorSpec, data: unknown): string | undefined {
  const bytes = countBytes(spec);
  return isDataOf(spec.dtype, data) && data.byteLength === bytes
    ? undefined
    : `expected ${arrayName(spec.dtype)} of ${bytes} bytes for ${spec.dtype} [${spec.shape}], got ${show(data)}`;
}
