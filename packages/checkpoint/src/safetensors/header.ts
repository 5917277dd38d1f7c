import { countBytes, maxRank, requireLittleEndian, specFault, type TensorSpec } from '../dtype.js';
import { SafetensorsError } from '../errors.js';
import { HeaderScanner } from './scanner.js';

/** Length of a header at most, as in the reference implementation. */
export const maxHeaderBytes = 100_000_000;
/** White space in a header at most: padding for alignment is allowed, bloat is not. */
export const maxHeaderSpace = 1 << 20;

/** One tensor in a file: [begin, end) counts bytes from the file's start. */
export interface TensorEntry extends TensorSpec {
  readonly begin: number;
  readonly end: number;
}

/** All that a safetensors file says before its data. */
export interface SafetensorsHeader {
  /** In the order of the header. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the data begins, in bytes from the file's start. */
  readonly dataStart: number;
}

export interface HeaderOptions {
  /** What to call the file in errors, usually its path. Default `safetensors`. */
  readonly label?: string;
  /** Size of the whole file in bytes, when `bytes` is only its beginning. Default `bytes.length`. */
  readonly fileSize?: number;
}

/**
 * Length of the header in bytes, from the first eight of a file.
 * @throws SafetensorsError when it is 0, above 100 MB, or beyond the file.
 */
export function headerLength(
  bytes: Uint8Array,
  { label = 'safetensors', fileSize = bytes.length }: HeaderOptions = {},
): number {
  const fail = (message: string): never => {
    throw new SafetensorsError(message, { file: label, offset: 0 });
  };
  if (fileSize < 8 || bytes.length < 8)
    fail(
      `expected 8 bytes with the header's length, got a file of ${fileSize} bytes. Is it empty or cut off? Copy it again.`,
    );
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > maxHeaderBytes)
    fail(`expected a header of at most ${maxHeaderBytes} bytes, got ${length}. This is no safetensors file.`);
  if (length < 2) fail(`expected a header of at least 2 bytes, got ${length}. This is no safetensors file.`);
  if (8 + Number(length) > fileSize)
    fail(
      `expected a header of ${length} bytes, got only ${fileSize - 8} after the length: cut off, or no safetensors file.`,
    );
  return Number(length);
}

/**
 * Reads and checks the header of a safetensors file: every tensor's place is checked against the file's size, so that
 * what is returned can be read without another look.
 * @param bytes the file, or (with `fileSize`) at least its beginning up to the end of the header.
 * @throws SafetensorsError for anything that breaks the format.
 */
export function readHeader(bytes: Uint8Array, options: HeaderOptions = {}): SafetensorsHeader {
  const { label = 'safetensors', fileSize = bytes.length } = options;
  requireLittleEndian({ file: label });
  const length = headerLength(bytes, options);
  const dataStart = 8 + length;
  const raw = new Uint8Array(bytes.subarray(8, dataStart)); // a copy: decoders refuse shared memory
  if (raw.length < length)
    throw new SafetensorsError(
      `expected the ${length} bytes of the header, got ${raw.length}. Pass the whole header.`,
      {
        file: label,
        offset: 8 + raw.length,
      },
    );
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch (cause) {
    throw new SafetensorsError(
      'expected the header in UTF-8, got other bytes. This is no safetensors file.',
      { file: label, offset: 8 },
      { cause },
    );
  }
  const scanner = new HeaderScanner(text, (message, at) => {
    const offset = 8 + new TextEncoder().encode(text.slice(0, at)).length;
    throw new SafetensorsError(`header: ${message}. The file is damaged, or no safetensors file.`, {
      file: label,
      offset,
    });
  });
  const { tensors, metadata } = scanHeader(scanner, label, dataStart);
  requireTiling(tensors, { label, dataStart, fileSize });
  return { tensors, metadata, dataStart };
}

function scanHeader(scanner: HeaderScanner, file: string, dataStart: number) {
  const tensors = new Map<string, TensorEntry>();
  const metadata: [string, string][] = [];
  if (scanner.text[0] !== '{') scanner.fail(`expected a JSON object, got ${scanner.found()}`);
  scanner.object('the header', (name, at) => {
    if (name === '__metadata__')
      scanner.object('__metadata__', (key) =>
        metadata.push([key, scanner.string(`the value of ${JSON.stringify(key)} in __metadata__`)]),
      );
    else tensors.set(name, scanTensor(scanner, { name, at, file, dataStart }));
  });
  if (scanner.peek() !== '') scanner.fail(`expected nothing but spaces after the object, got ${scanner.found()}`);
  if (scanner.space > maxHeaderSpace)
    scanner.fail(`expected at most ${maxHeaderSpace} bytes of white space, got ${scanner.space}: write the file again`);
  return { tensors, metadata: Object.fromEntries(metadata) };
}

interface Place {
  readonly name: string;
  readonly at: number;
  readonly file: string;
  readonly dataStart: number;
}

function scanTensor(scanner: HeaderScanner, { name, at, file, dataStart }: Place): TensorEntry {
  const what = `tensor ${JSON.stringify(name)}`;
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let range: number[] | undefined;
  scanner.object(what, (key, keyAt) => {
    if (key === 'dtype') dtype = scanner.string(`the dtype of ${what}`);
    else if (key === 'shape') shape = scanner.integers(`the shape of ${what}`, maxRank);
    else if (key === 'data_offsets') range = scanner.integers(`the data_offsets of ${what}`, 2);
    else scanner.fail(`expected only dtype, shape and data_offsets in ${what}, got ${JSON.stringify(key)}`, keyAt);
  });
  if (dtype === undefined || shape === undefined || range === undefined)
    return scanner.fail(`expected dtype, shape and data_offsets in ${what}, got fewer`, at);
  const fail = (message: string): never => {
    throw new SafetensorsError(message, { file, tensor: name, offset: 8 + at });
  };
  const spec = { dtype, shape } as TensorSpec;
  const fault = specFault(spec);
  if (fault) fail(`${fault}. This package reads no other; convert the tensor first.`);
  const [begin, end] = range as [number, number];
  if (range.length !== 2 || begin > end)
    fail(`expected data_offsets [begin, end] with begin ≤ end, got [${range}]. The file is damaged.`);
  const bytes = countBytes(spec);
  if (end - begin !== bytes)
    fail(
      `expected ${bytes} bytes for ${dtype} [${shape}], got data_offsets [${range}], ${end - begin} bytes. The file is damaged.`,
    );
  return { ...spec, begin: dataStart + begin, end: dataStart + end };
}

/** The tensors must tile the data: no overlap, no hole, nothing missing and nothing left at the end. */
function requireTiling(
  tensors: ReadonlyMap<string, TensorEntry>,
  { label, dataStart, fileSize }: { label: string; dataStart: number; fileSize: number },
): void {
  const sorted = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let reached = dataStart;
  let previous = 'the header';
  for (const [tensor, { begin, end }] of sorted) {
    const place = { file: label, tensor, offset: begin };
    if (begin < reached)
      throw new SafetensorsError(
        `expected it to begin at byte ${reached}, after ${previous}, got an overlap. The file is damaged.`,
        place,
      );
    if (begin > reached)
      throw new SafetensorsError(
        `expected it to begin at byte ${reached}, after ${previous}, got a hole of ${begin - reached} bytes. The file is damaged.`,
        place,
      );
    if (end > fileSize)
      throw new SafetensorsError(
        `expected its data up to byte ${end}, got a file of ${fileSize} bytes: cut off. Copy it again.`,
        place,
      );
    reached = end;
    previous = `tensor ${JSON.stringify(tensor.slice(0, 120))}`;
  }
  if (reached < fileSize)
    throw new SafetensorsError(
      `expected the file to end here, after ${previous}, got ${fileSize - reached} more bytes. The file is damaged.`,
      { file: label, offset: reached },
    );
}
