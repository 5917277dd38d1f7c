import {
  bytesPerElement,
  countBytes,
  dataFault,
  requireLittleEndian,
  specFault,
  type TensorSpec,
  type TypedArray,
} from '../dtype.js';
import { quote, SafetensorsError, show } from '../errors.js';
import { maxHeaderBytes } from './header.js';

/** Strings kept beside the tensors, such as `{ format: 'pt' }`. */
export type Metadata = Readonly<Record<string, string>>;

/** A file planned: its beginning (length and header), and the entries in the order of their data. */
export interface Layout<T extends TensorSpec> {
  readonly head: Uint8Array;
  readonly order: readonly (readonly [string, T])[];
  /** Size of the whole file in bytes. */
  readonly size: number;
}

/**
 * Plans a file. The header keeps the given order; the data lies largest element first, so that every tensor is aligned
 * for its type (readers that map the file depend on it).
 * @throws SafetensorsError for a name that comes twice or cannot be written, or an impossible spec.
 */
export function layOut<T extends TensorSpec>(
  entries: Iterable<readonly [string, T]>,
  metadata: Metadata,
  file: string,
): Layout<T> {
  requireLittleEndian({ file });
  const given = [...entries];
  const seen = new Set<string>();
  for (const [tensor, spec] of given) {
    const fail = (message: string): never => {
      throw new SafetensorsError(message, { file, tensor });
    };
    if (seen.has(tensor)) fail('expected every name once, got it twice. Rename one.');
    seen.add(tensor);
    if (typeof tensor !== 'string' || tensor === '__metadata__' || /\p{Surrogate}/u.test(tensor))
      fail('expected a name of Unicode text other than __metadata__. Rename it.');
    const fault = specFault(spec);
    if (fault) fail(`${fault}. Correct it before writing.`);
  }
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== 'string' || /\p{Surrogate}/u.test(key + value))
      throw new SafetensorsError(
        `metadata ${quote(key)}: expected Unicode text, got ${show(value)}. Use JSON.stringify for other values.`,
        { file },
      );

  const order = [...given].sort(([, a], [, b]) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype));
  const offsets = new Map<string, readonly [number, number]>();
  let end = 0;
  for (const [name, spec] of order) {
    const begin = end;
    end += countBytes(spec) as number;
    offsets.set(name, [begin, end]);
  }
  const head = encodeHead(given, offsets, metadata);
  if (head.length - 8 > maxHeaderBytes || !Number.isSafeInteger(head.length + end))
    throw new SafetensorsError(
      `expected a header of at most ${maxHeaderBytes} bytes, got ${head.length - 8}. Split the file.`,
      { file },
    );
  return { head, order, size: head.length + end };
}

function encodeHead(
  given: readonly (readonly [string, TensorSpec])[],
  offsets: ReadonlyMap<string, readonly [number, number]>,
  metadata: Metadata,
): Uint8Array {
  // Written member by member: an object would move integer-like names to the front and lose `__proto__`.
  const members = given.map(
    ([name, { dtype, shape }]) =>
      `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: offsets.get(name) })}`,
  );
  if (Object.keys(metadata).length > 0) members.unshift(`"__metadata__":${JSON.stringify(metadata)}`);
  const json = new TextEncoder().encode(`{${members.join(',')}}`);
  const length = Math.ceil(json.length / 8) * 8; // the data begins at a multiple of 8
  const head = new Uint8Array(8 + length).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(json, 8);
  return head;
}

/** Checks that the data handed in is what the spec promised, and returns it. */
export function requireData(file: string, tensor: string, spec: TensorSpec, data: TypedArray): TypedArray {
  const fault = dataFault(spec, data);
  if (fault) throw new SafetensorsError(`${fault}. Correct its dtype or shape.`, { file, tensor });
  return data;
}
