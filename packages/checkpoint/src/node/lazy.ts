import type { StoredTensor } from '../dtype.js';
import { SafetensorsError } from '../errors.js';
import { lazyTensor } from '../lazy-tensor.js';
import { headerLength, readHeader } from '../safetensors/header.js';
import type { Metadata } from '../safetensors/layout.js';
import { openFileSource } from './file-source.js';

/** An open safetensors file whose tensors are read when their `data` is asked for. */
export interface LazySafetensors {
  readonly path: string;
  readonly metadata: Metadata;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Closes the file; data asked for later throws. */
  close(): void;
}

/**
 * Opens a safetensors file and reads its header only. Unlike `openSafetensors` it gives tensors as they are everywhere
 * else, `{ dtype, shape, data }`; each `data` reads its range anew, synchronously, because it is a property.
 * @throws SafetensorsError when it cannot be opened or breaks the format.
 */
export function openSafetensorsSync(path: string): LazySafetensors {
  const source = openFileSource(path, SafetensorsError);
  try {
    const options = { label: path, fileSize: source.size };
    const length = headerLength(source.read(0, Math.min(8, source.size)), options);
    const { tensors, metadata } = readHeader(source.read(0, 8 + length), options);
    const entries = [...tensors].map(
      ([name, { dtype, shape, begin, end }]) =>
        [name, lazyTensor(dtype, shape, () => source.read(begin, end))] as const,
    );
    return { path, metadata, tensors: new Map(entries), close: source.close };
  } catch (error) {
    source.close();
    throw error;
  }
}
