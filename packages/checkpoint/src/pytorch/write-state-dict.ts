import { countElements, requireLittleEndian, specFault, type TensorSpec } from '../dtype.js';
import { rowMajorStrides } from '../strided.js';
import { PyTorchError } from './error.js';
import { storageName } from './rebuild.js';
import { type Pickleable, PickleWriter } from './write-pickle.js';

/** How the state dict lies in the file. */
export interface PyTorchWriteOptions {
  /** What is to be kept beside the state dict, as mmsegmentation does: the file holds `{ meta, state_dict }`. */
  readonly meta?: Pickleable;
  /**
   * Puts the state dict under this key: `state_dict` (mmsegmentation, Lightning; the default with `meta`), `model`
   * (Swin, timm). By default the file holds the bare state dict.
   */
  readonly key?: string;
}

/** Names and specs of all tensors, checked. @throws PyTorchError for a name that comes twice, or an impossible spec. */
export function checkEntries<T extends TensorSpec>(
  entries: Iterable<readonly [string, T]>,
  file: string,
): (readonly [string, T])[] {
  requireLittleEndian({ file });
  const seen = new Set<string>();
  const given = [...entries];
  for (const [tensor, spec] of given) {
    const fault = seen.has(tensor) ? 'expected every name once, got it twice' : specFault(spec);
    if (fault) throw new PyTorchError(`${fault}. Correct it before writing.`, { file, tensor });
    seen.add(tensor);
  }
  return given;
}

/**
 * The pickle of a state dict as `torch.save` writes it: an OrderedDict of `_rebuild_tensor_v2` on the storages "0", "1",
 * …, one a tensor, in this order. `torch.load(…, weights_only=True)` takes it.
 */
export function pickleStateDict(
  entries: readonly (readonly [string, TensorSpec])[],
  { meta, key = meta === undefined ? undefined : 'state_dict' }: PyTorchWriteOptions,
  label: string,
): Uint8Array {
  const writer = new PickleWriter(label);
  const stateDict = () => {
    orderedDict(writer);
    writer.items(entries.entries(), ([i, [name, spec]]) => {
      writer.text(name);
      rebuildTensor(writer, spec, String(i));
    });
  };
  if (key === undefined) stateDict();
  else {
    writer.byte(0x7d); // EMPTY_DICT
    const parts: [string, () => void][] = [[key, stateDict]];
    if (meta !== undefined) parts.unshift(['meta', () => writer.value(meta)]);
    writer.items(parts, ([name, write]) => {
      writer.text(name);
      write();
    });
  }
  return writer.finish();
}

function orderedDict(writer: PickleWriter): void {
  writer.global('collections', 'OrderedDict');
  writer.byte(0x29, 0x52); // EMPTY_TUPLE, REDUCE
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)` */
function rebuildTensor(writer: PickleWriter, { dtype, shape }: TensorSpec, key: string): void {
  const counts = (values: readonly number[]) =>
    writer.tuple(() => {
      for (const value of values) writer.integer(value);
    });
  writer.global('torch._utils', '_rebuild_tensor_v2');
  writer.tuple(() => {
    writer.tuple(() => {
      writer.text('storage');
      writer.global('torch', storageName(dtype));
      writer.text(key);
      writer.text('cpu');
      writer.integer(countElements(shape) as number);
    });
    writer.byte(0x51); // BINPERSID
    writer.integer(0);
    counts(shape);
    counts(rowMajorStrides(shape));
    writer.byte(0x89); // NEWFALSE
    orderedDict(writer);
  });
  writer.byte(0x52); // REDUCE
}
