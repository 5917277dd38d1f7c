import { openFileSource } from '../../node/file-source.js';
import { PyTorchError } from '../error.js';
import { type PyTorchCheckpoint, type PyTorchOptions, readPyTorchSource } from '../read.js';

/** An open checkpoint: what was saved is in memory except for the tensors' data, which is read when asked for. */
export interface PyTorchFile extends PyTorchCheckpoint {
  readonly path: string;
  /** Closes the file; data asked for later throws. */
  close(): void;
}

/**
 * Opens a checkpoint of `torch.save` of any size: only the directory and the pickle are read. A tensor's `data` reads
 * its range anew each time, so `writeSafetensors(path, file.stateDict())` converts in the memory of the largest tensor.
 * Reads are synchronous, because `data` is a property.
 * @throws PyTorchError when it cannot be opened, is damaged, hostile or not understood.
 */
export function openPyTorch(path: string, options: Omit<PyTorchOptions, 'label'> = {}): PyTorchFile {
  const source = openFileSource(path, PyTorchError);
  try {
    return { ...readPyTorchSource(source, options), path, close: source.close };
  } catch (error) {
    source.close();
    throw error;
  }
}
