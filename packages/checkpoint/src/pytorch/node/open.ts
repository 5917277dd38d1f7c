import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { PyTorchError } from '../error.js';
import { type PyTorchCheckpoint, type PyTorchOptions, readPyTorchSource } from '../read.js';
import type { ByteSource } from '../source.js';

/** Pieces a read is cut into: one call may not take more than 2 GiB. */
const pieceBytes = 1 << 28;

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
  const descriptor = openFile(path);
  try {
    const { size } = fstatSync(descriptor);
    let open = true;
    const source: ByteSource = {
      label: path,
      size,
      inMemory: false,
      read: (begin, end) => {
        // The system may have given the number of a closed file to another one.
        if (!open)
          throw new PyTorchError('expected an open file, got a closed one. Read the data before close().', {
            file: path,
          });
        return readRange(descriptor, path, begin, end);
      },
    };
    const close = () => {
      if (open) closeSync(descriptor);
      open = false;
    };
    return { ...readPyTorchSource(source, options), path, close };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function openFile(path: string): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (cause) {
    throw new PyTorchError(
      `expected a file that can be read, got: ${(cause as Error).message}. Check the path.`,
      { file: path },
      { cause },
    );
  }
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw new PyTorchError('expected a file, got a folder or a device. Check the path.', { file: path });
}

function readRange(descriptor: number, file: string, begin: number, end: number): Uint8Array {
  try {
    const bytes = new Uint8Array(end - begin);
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(descriptor, bytes, at, Math.min(pieceBytes, bytes.length - at), begin + at);
      if (count === 0) throw new Error('the file has ended: it has shrunk since it was opened');
      at += count;
    }
    return bytes;
  } catch (cause) {
    throw new PyTorchError(
      `expected ${end - begin} bytes, got: ${(cause as Error).message}.`,
      { file, offset: begin },
      { cause },
    );
  }
}
