import { asBytes, dataFault, type StoredTensor, type TensorSpec, type TypedArray } from '../dtype.js';
import { ZipPlan } from '../zip/write.js';
import { PyTorchError } from './error.js';
import { checkEntries, type PyTorchWriteOptions, pickleStateDict } from './write-state-dict.js';

/** Data of every storage begins at a multiple of this, as PyTorch writes it, so that it can map the file. */
export const storageAlignment = 64;
/** Folder of all members. */
export const archiveRoot = 'archive';
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Members before the storages. */
export const membersBefore = (pickle: Uint8Array): readonly (readonly [string, Uint8Array])[] => [
  [`${archiveRoot}/data.pkl`, pickle],
  [`${archiveRoot}/byteorder`, ascii('little')],
];
/** Members behind them: the version of the format. */
export const membersBehind: () => readonly (readonly [string, Uint8Array])[] = () => [
  [`${archiveRoot}/version`, ascii('3\n')],
];

/** The bytes of a tensor's data, checked against its spec. @throws PyTorchError */
export function bytesOfTensor(file: string, tensor: string, spec: TensorSpec, data: TypedArray): Uint8Array {
  const fault = dataFault(spec, data);
  if (fault) throw new PyTorchError(`${fault}. Correct its dtype or shape.`, { file, tensor });
  return asBytes(data);
}

/**
 * A checkpoint in memory as `torch.save` writes it (zip format): `torch.load(…, weights_only=True)` reads it, and so does
 * `readPyTorch`. Tensors become contiguous and do not share memory; none requires a gradient.
 * @throws PyTorchError for a name that comes twice, data that is not what its spec says, or metadata that is no plain data.
 */
export function serializePyTorch(
  entries: Iterable<readonly [string, StoredTensor]>,
  options: PyTorchWriteOptions & { readonly label?: string } = {},
): Uint8Array {
  const { label = 'checkpoint' } = options;
  const given = checkEntries(entries, label);
  const plan = new ZipPlan(storageAlignment);
  const pieces: Uint8Array[] = [];
  const add = (name: string, bytes: Uint8Array) => pieces.push(plan.head(name, bytes), bytes);
  for (const [name, bytes] of membersBefore(pickleStateDict(given, options, label))) add(name, bytes);
  for (const [i, [name, tensor]] of given.entries())
    add(`${archiveRoot}/data/${i}`, bytesOfTensor(label, name, tensor, tensor.data));
  for (const [name, bytes] of membersBehind()) add(name, bytes);
  pieces.push(plan.end());
  return joined(pieces);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
