import { requireLittleEndian, type StoredTensor } from '../dtype.js';
import { type ByteSource, memorySource } from '../zip/source.js';
import { readArchive } from './archive.js';
import { PyTorchError } from './error.js';
import { readLegacy } from './legacy.js';
import { stateDictOf } from './state-dict.js';
import type { TorchTensor } from './tensor.js';
import type { PickleValue } from './values.js';

export interface PyTorchOptions {
  /** What to call the file in errors, usually its path. Default `checkpoint`. */
  readonly label?: string;
  /**
   * Further classes whose objects are read as attribute trees, by full name, such as `yacs.config.CfgNode`. They are
   * never imported or run; a name on this list only means that you expect it.
   */
  readonly classes?: Iterable<string>;
}

/** A checkpoint written by `torch.save`. */
export interface PyTorchCheckpoint {
  readonly format: 'zip' | 'legacy';
  /** All that was saved, as plain data. */
  readonly value: PickleValue;
  /**
   * Name → tensor, in PyTorch's order, of a bare state dict, of the one under `state_dict` or `model`, or of a whole
   * pickled module.
   * @param key takes the one under this key instead, such as `state_dict_ema`.
   * @throws PyTorchError when there is none, or it holds what is no tensor.
   */
  stateDict(key?: string): Map<string, TorchTensor & StoredTensor>;
}

/**
 * Reads a `.pt`, `.pth` or `.pkl` file of `torch.save`, zip or legacy format, in memory. Nothing that the file names is
 * imported or run: a small machine of our own knows the few globals that tensors need, and refuses all others by name.
 * @throws PyTorchError for what is damaged, hostile or not understood.
 */
export function readPyTorch(bytes: Uint8Array, options: PyTorchOptions = {}): PyTorchCheckpoint {
  return readPyTorchSource(memorySource(bytes, options.label ?? 'checkpoint', PyTorchError), options);
}

/** The same from any source of bytes. */
export function readPyTorchSource(source: ByteSource, { classes = [] }: PyTorchOptions): PyTorchCheckpoint {
  requireLittleEndian({ file: source.label });
  const start = source.read(0, Math.min(4, source.size));
  const zip = start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4;
  if (!zip && start[0] !== 0x80)
    throw new PyTorchError(
      'expected a file of torch.save (zip or pickle), got something else. Is it a PyTorch checkpoint?',
      { file: source.label, offset: 0 },
    );
  const value = (zip ? readArchive : readLegacy)(source, new Set(classes));
  return { format: zip ? 'zip' : 'legacy', value, stateDict: (key) => stateDictOf(value, source.label, key) };
}
