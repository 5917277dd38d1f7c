import { type FileHandle, open } from 'node:fs/promises';
import { asTypedArray, type StoredTensor } from '../dtype.js';
import { CheckpointError, SafetensorsError } from '../errors.js';
import { headerLength, readHeader, type SafetensorsHeader } from '../safetensors/header.js';
import { select } from '../select.js';

/** Pieces a read is cut into: one call may not take more than 2 GiB. */
const pieceBytes = 1 << 28;

/** An open safetensors file: its header is in memory, its tensors are not. */
export interface SafetensorsFile extends SafetensorsHeader {
  readonly path: string;
  /**
   * Reads one tensor into memory of its own.
   * @throws SafetensorsError when there is no such tensor, or the file has shrunk since it was opened.
   */
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

/**
 * Opens a safetensors file and reads its header only.
 * @throws CheckpointError when it cannot be opened, SafetensorsError when it breaks the format.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await openFile(path);
  try {
    const { size } = await handle.stat();
    const options = { label: path, fileSize: size };
    const length = headerLength(await readRange(handle, path, 0, Math.min(8, size)), options);
    const header = readHeader(await readRange(handle, path, 0, 8 + length), options);
    return {
      ...header,
      path,
      read: async (name) => {
        const entry = header.tensors.get(name);
        if (!entry)
          throw new SafetensorsError(`expected a tensor of this file, which has ${header.tensors.size}.`, {
            file: path,
            tensor: name,
          });
        const { dtype, shape, begin, end } = entry;
        return { dtype, shape, data: asTypedArray(dtype, await readRange(handle, path, begin, end, name)) };
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Reads a safetensors file: name → tensor, each in memory of its own.
 * @param options `prefix` reads only names that begin so, and takes the prefix off, as `select` does.
 * @throws CheckpointError when it cannot be opened, SafetensorsError when it breaks the format.
 */
export async function readSafetensors(
  path: string,
  { prefix = '' }: { readonly prefix?: string } = {},
): Promise<Map<string, StoredTensor>> {
  const file = await openSafetensors(path);
  try {
    const tensors = new Map<string, StoredTensor>();
    for (const name of select(file.tensors, prefix).keys()) tensors.set(name, await file.read(prefix + name));
    return tensors;
  } finally {
    await file.close();
  }
}

/** Opens for reading. @throws CheckpointError that says why not. */
export async function openFile(path: string): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    if ((await handle.stat()).isFile()) return handle;
  } catch (cause) {
    await handle?.close();
    throw new CheckpointError(
      `expected a file that can be read, got: ${(cause as Error).message}. Check the path.`,
      { file: path },
      { cause },
    );
  }
  await handle.close();
  throw new CheckpointError('expected a file, got a folder or a device. Check the path.', { file: path });
}

/** Bytes [begin, end) of a file in a fresh, aligned buffer. */
export async function readRange(
  handle: FileHandle,
  file: string,
  begin: number,
  end: number,
  tensor?: string,
): Promise<Uint8Array> {
  const bytes = allocateBytes(end - begin, { file, tensor, offset: begin });
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(pieceBytes, bytes.length - at), begin + at);
    if (bytesRead === 0)
      throw new CheckpointError(
        `expected data up to byte ${end}, got the end of the file. It has shrunk since it was opened.`,
        { file, tensor, offset: begin + at },
      );
    at += bytesRead;
  }
  return bytes;
}

function allocateBytes(
  length: number,
  place: { file: string; tensor: string | undefined; offset: number },
): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new CheckpointError(
      `expected memory for ${length} bytes, got none. Read smaller tensors, or use a machine with more.`,
      place,
      { cause },
    );
  }
}
