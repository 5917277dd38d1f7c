import { asTypedArray, bytesPerElement, requireLittleEndian, type StoredTensor } from '../dtype.js';
import { lazyTensor } from '../lazy-tensor.js';
import { gather } from '../strided.js';
import { memberStart, readZipDirectory, type ZipMember } from '../zip/read.js';
import { type ByteSource, memorySource } from '../zip/source.js';
import { NpzError } from './error.js';
import { columnMajorStrides, maxNpyHeader, readNpyHeader } from './npy-header.js';

/** What an .npz file holds. */
export interface NpzArrays {
  /** Names (without .npy) → arrays, in the order of the file. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Arrays that no tensor can hold (objects, text, unsigned 16 to 64 bits, complex numbers), with the reason. */
  readonly skipped: ReadonlyMap<string, string>;
}

export interface NpzOptions {
  /** What to call the file in errors, usually its path. Default `npz`. */
  readonly label?: string;
}

/**
 * Reads an .npz file of `numpy.savez` in memory, as big_vision (UViM) publishes its weights. Arrays of objects hold
 * pickles; like everything that is no array of numbers they are skipped and named, never looked into.
 * @throws NpzError for what is damaged, hostile or compressed.
 */
export function readNpz(bytes: Uint8Array, { label = 'npz' }: NpzOptions = {}): NpzArrays {
  return readNpzSource(memorySource(bytes, label, NpzError));
}

/** The same from any source of bytes; data is read when asked for. */
export function readNpzSource(source: ByteSource): NpzArrays {
  requireLittleEndian({ file: source.label });
  const tensors = new Map<string, StoredTensor>();
  const skipped = new Map<string, string>();
  const members = readZipDirectory(source, 'Save the file anew with numpy.savez, not savez_compressed.');
  for (const member of [...members.values()].sort((a, b) => a.headerAt - b.headerAt)) {
    const name = member.name.replace(/\.npy$/, '');
    if (tensors.has(name) || skipped.has(name))
      throw new NpzError('expected every name once, got it twice. The file is damaged.', {
        file: source.label,
        tensor: name,
      });
    try {
      tensors.set(name, arrayOf(source, member, name));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      skipped.set(name, error.message);
    }
  }
  return { tensors, skipped };
}

/** One array that is not read; the others are. */
class Unreadable extends Error {}

function arrayOf(source: ByteSource, member: ZipMember, name: string): StoredTensor {
  const start = memberStart(source, member);
  const head = source.read(start, start + Math.min(member.size, maxNpyHeader));
  const refuse = (message: string): never => {
    throw new NpzError(message, { file: source.label, tensor: name, offset: start });
  };
  const skip = (message: string): never => {
    throw new Unreadable(message);
  };
  const { dtype, shape, fortran, length } = readNpyHeader(head, member.size, refuse, skip);
  return lazyTensor(dtype, shape, () => {
    const bytes = source.read(start + length, start + member.size);
    const turned = fortran ? gather(bytes, bytesPerElement(dtype), shape, columnMajorStrides(shape)) : bytes;
    return asTypedArray(dtype, turned);
  });
}
