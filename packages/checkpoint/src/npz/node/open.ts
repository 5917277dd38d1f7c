import { openFileSource } from '../../node/file-source.js';
import { NpzError } from '../error.js';
import { type NpzArrays, readNpzSource } from '../read.js';

/** An open .npz file whose arrays are read when their `data` is asked for. */
export interface NpzFile extends NpzArrays {
  readonly path: string;
  /** Closes the file; data asked for later throws. */
  close(): void;
}

/**
 * Opens an .npz file of any size: only names, types and shapes are read.
 * @throws NpzError when it cannot be opened, is damaged, hostile or compressed.
 */
export function openNpz(path: string): NpzFile {
  const source = openFileSource(path, NpzError);
  try {
    return { ...readNpzSource(source), path, close: source.close };
  } catch (error) {
    source.close();
    throw error;
  }
}
