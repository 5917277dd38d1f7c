import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteSource } from '../zip/source.js';

/** Pieces a read is cut into: one call may not take more than 2 GiB. */
const pieceBytes = 1 << 28;

/** A file as a source of bytes, read by ranges when asked for. */
export interface FileSource extends ByteSource {
  /** Closes the file; reading later throws. */
  close(): void;
}

/**
 * Opens a file for reading by ranges, synchronously: a tensor's `data` is a property.
 * @param error what to throw, of the format that is read.
 */
export function openFileSource(path: string, error: ByteSource['error']): FileSource {
  const descriptor = openDescriptor(path, error);
  let open = true;
  return {
    label: path,
    error,
    size: fstatSync(descriptor).size,
    inMemory: false,
    read: (begin, end) => {
      // The system may have given the number of a closed file to another one.
      if (!open)
        throw new error('expected an open file, got a closed one. Read the data before close().', { file: path });
      return readRange(descriptor, path, begin, end, error);
    },
    close: () => {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

function openDescriptor(path: string, error: ByteSource['error']): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (cause) {
    throw caused(
      new error(`expected a file that can be read, got: ${(cause as Error).message}. Check the path.`, { file: path }),
      cause,
    );
  }
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw new error('expected a file, got a folder or a device. Check the path.', { file: path });
}

function readRange(
  descriptor: number,
  file: string,
  begin: number,
  end: number,
  error: ByteSource['error'],
): Uint8Array {
  try {
    const bytes = new Uint8Array(end - begin);
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(descriptor, bytes, at, Math.min(pieceBytes, bytes.length - at), begin + at);
      if (count === 0) throw new Error('the file has ended: it has shrunk since it was opened');
      at += count;
    }
    return bytes;
  } catch (cause) {
    const message = `expected ${end - begin} bytes, got: ${(cause as Error).message}.`;
    throw caused(new error(message, { file, offset: begin }), cause);
  }
}

function caused(error: Error, cause: unknown): Error {
  error.cause = cause;
  return error;
}
