import { bytesPerElement } from '../dtype.js';
import { show } from '../errors.js';
import { type ByteSource, readChecked } from '../zip/source.js';
import { PyTorchError } from './error.js';
import { limits } from './limits.js';
import { readPickle } from './machine.js';
import { requireModest } from './modest.js';
import { TensorFactory } from './rebuild.js';
import { PickleDict, type PickleValue } from './values.js';

const magic = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;

/**
 * Reads the format of PyTorch before 1.6: five pickles (magic number, version, system, the value, the keys of its
 * storages), then each storage as a 64-bit count and its bytes.
 * @throws PyTorchError
 */
export function readLegacy(source: ByteSource, classes: ReadonlySet<string>): PickleValue {
  const file = source.label;
  const tensors = new TensorFactory(source, () => undefined);
  const none = new TensorFactory(source, (_, __, refuse) => refuse('expected no storage outside of the value.'));
  const window = source.read(0, Math.min(source.size, limits.pickleBytes));
  let at = 0;
  const next = (factory: TensorFactory): unknown => {
    const { value, end } = readPickle(window, { label: file, base: 0, start: at, tensors: factory, classes });
    at = end;
    return value;
  };
  const refuse = (message: string): never => {
    throw new PyTorchError(message, { file, offset: at });
  };

  const number = next(none);
  if (number !== magic)
    refuse(`expected PyTorch's magic number, got ${show(number)}. This is a pickle, but no PyTorch checkpoint.`);
  const version = next(none);
  if (version !== protocolVersion) refuse(`expected the format ${protocolVersion}, got ${show(version)}.`);
  const system = next(none);
  if (!(system instanceof PickleDict) || system.get('little_endian') !== true)
    refuse('expected a file of a little-endian machine. Big-endian files are not supported.');
  const value = next(tensors);
  requireModest(value, refuse);
  const keys = next(none);
  if (!Array.isArray(keys) || new Set(keys).size !== keys.length)
    return refuse('expected the keys of the storages, each once. The file is damaged.');

  for (const key of keys as unknown[]) {
    const storage = tensors.storages.get(key as string);
    if (!storage) return refuse(`expected keys of storages in use, got ${show(key)}. The file is damaged.`);
    const head = readChecked(source, at, at + 8, `the length of storage ${show(key)}`);
    const length = new DataView(head.buffer, head.byteOffset).getBigInt64(0, true);
    if (length !== BigInt(storage.length))
      refuse(`expected ${storage.length} elements for storage ${show(key)}, got ${length}. The file is damaged.`);
    storage.begin = at + 8;
    at = storage.begin + storage.length * bytesPerElement(storage.dtype);
    if (at > source.size)
      refuse(
        `expected storage ${show(key)} up to this byte, got a file of ${source.size} bytes: cut off. Copy it again.`,
      );
  }
  for (const { key, begin } of tensors.storages.values())
    if (begin === undefined) refuse(`expected the data of storage ${show(key)}, got none. The file is damaged.`);
  if (at !== source.size)
    refuse(`expected the file to end here, got ${source.size - at} more bytes. The file is damaged.`);
  return value;
}
