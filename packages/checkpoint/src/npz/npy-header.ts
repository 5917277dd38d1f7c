import { countBytes, type DType, specFault, type TensorSpec } from '../dtype.js';
import { quote } from '../errors.js';

/** NumPy's names of the element types; V2 is how it stores bfloat16, which it does not know. */
const dtypeOf: ReadonlyMap<string, DType> = new Map([
  ['<f8', 'F64'],
  ['<f4', 'F32'],
  ['<f2', 'F16'],
  ['|V2', 'BF16'],
  ['<V2', 'BF16'],
  ['<i8', 'I64'],
  ['<i4', 'I32'],
  ['<i2', 'I16'],
  ['|i1', 'I8'],
  ['|u1', 'U8'],
  ['|b1', 'BOOL'],
]);
const nameOf = (dtype: DType): string => [...dtypeOf].find(([, type]) => type === dtype)?.[0] as string;

/** An array in the .npy format: what lies before its data. */
export interface NpyHeader extends TensorSpec {
  /** Column by column: the first index runs fastest. */
  readonly fortran: boolean;
  /** Bytes before the data. */
  readonly length: number;
}

/** Longest header that is read; NumPy itself refuses longer ones. */
export const maxNpyHeader = 10_000;
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/**
 * Reads the header of an .npy member, a Python dict of three fields, by one strict pattern: nothing is evaluated.
 * @param bytes beginning of the member, at least its header or all of it.
 * @param size of the whole member.
 * @param refuse says what is damaged.
 * @param skip says why this is an array that no tensor can hold, such as one of objects.
 */
export function readNpyHeader(
  bytes: Uint8Array,
  size: number,
  refuse: (message: string) => never,
  skip: (message: string) => never,
): NpyHeader {
  if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte))
    return refuse('expected an .npy array. Save it with numpy.savez.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = view.getUint8(6) > 1;
  const start = wide ? 12 : 10;
  const length = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (length > Math.min(size, maxNpyHeader))
    return refuse(`expected a header of at most ${Math.min(size, maxNpyHeader)} bytes, got ${length}. It is damaged.`);
  const text = String.fromCharCode(...bytes.subarray(start, length));
  const found =
    /^\{'descr': '([^']{1,16})', 'fortran_order': (True|False), 'shape': \((|\d+,|\d+(?:, \d+)+),?\), ?\} *\n?$/.exec(
      text,
    );
  if (!found) return skip(`expected an array of numbers, got ${quote(text.trim())}. Records are not read.`);
  const [, descr, order, sizes] = found as unknown as [string, string, string, string];
  const dtype = dtypeOf.get(descr);
  if (!dtype)
    return skip(
      `expected an element type of ${[...dtypeOf.keys()].join(' ')}, got ${quote(descr)}. Convert the array.`,
    );
  const shape = sizes.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));
  const fault = specFault({ dtype, shape });
  if (fault) return refuse(`${fault}. It is damaged.`);
  const bytesOfData = countBytes({ dtype, shape }) as number;
  if (length + bytesOfData !== size)
    return refuse(`expected ${bytesOfData} bytes for [${shape}] of ${descr}, got ${size - length}. It is damaged.`);
  return { dtype, shape, fortran: order === 'True', length };
}

/** The header of an array, padded so that the data begins at a multiple of 64. */
export function npyHeader({ dtype, shape }: TensorSpec): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${nameOf(dtype)}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = new Uint8Array(length).fill(0x20);
  header.set(magic);
  header.set([1, 0], 6);
  new DataView(header.buffer).setUint16(8, length - 10, true);
  for (let i = 0; i < text.length; i++) header[10 + i] = text.charCodeAt(i);
  header[length - 1] = 0x0a;
  return header;
}

/** Strides, in elements, of an array that lies column by column: [2, 3, 4] → [1, 2, 6]. */
export function columnMajorStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return shape.map((size) => {
    const own = stride;
    stride *= size;
    return own;
  });
}
