import type { CheckpointError, CheckpointErrorPlace } from '../errors.js';

/** Where the bytes of a checkpoint come from: memory, or ranges of a file. */
export interface ByteSource {
  /** What to call it in errors. */
  readonly label: string;
  /** The error that refuses the file, of the format that is read. */
  readonly error: new (
    message: string,
    place?: CheckpointErrorPlace,
  ) => CheckpointError;
  /** Bytes in all. */
  readonly size: number;
  /** Whether `read` shares memory that is there anyway (and results are worth keeping). */
  readonly inMemory: boolean;
  /** The bytes [begin, end), which must lie within the size. */
  read(begin: number, end: number): Uint8Array;
}

/** Bytes in memory as a source. */
export function memorySource(given: Uint8Array, label: string, error: ByteSource['error']): ByteSource {
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength); // a Buffer's slice() would not copy
  return { label, error, size: bytes.length, inMemory: true, read: (begin, end) => bytes.subarray(begin, end) };
}

/** Reads [begin, end) after checking that the source has it. @throws the source's error that says what is cut off. */
export function readChecked(source: ByteSource, begin: number, end: number, what: string): Uint8Array {
  if (!(begin >= 0 && begin <= end && end <= source.size))
    throw new source.error(
      `expected ${what} in bytes ${begin} to ${end}, got a file of ${source.size} bytes. It is cut off or damaged: copy it again.`,
      { file: source.label, offset: begin },
    );
  return source.read(begin, end);
}
