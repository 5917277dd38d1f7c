import { bytesPerElement, countBytes, type DType, maxRank } from '../dtype.js';
import { show } from '../errors.js';
import { spanOf } from '../strided.js';
import type { ByteSource } from '../zip/source.js';
import { byteAllowance } from './limits.js';
import { CopyBudget, Storage, TorchTensor } from './tensor.js';
import { isTuple, PickleDict } from './values.js';

/** PyTorch's storage classes that are understood. */
const storageTypes: ReadonlyMap<string, DType> = new Map([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);

/** Name of the storage class that holds elements of `dtype`, without its module. */
export const storageName = (dtype: DType): string =>
  [...storageTypes].find(([, type]) => type === dtype)?.[0].slice('torch.'.length) as string;

/** Whether a global names a storage class that is understood. */
export const isStorageType = (name: string): boolean => storageTypes.has(name);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length <= maxRank && value.every(isCount);

/** Says no, with the place. */
export type Refuse = (message: string) => never;

/** The storages of one file, and the tensors made on them. Every number is checked before it is used. */
export class TensorFactory {
  readonly storages = new Map<string, Storage>();
  private readonly budget: CopyBudget;
  /** @param locate where a storage's bytes begin, checked to be there; undefined when that is known only later. */
  constructor(
    private readonly source: ByteSource,
    private readonly locate: (storage: Storage, bytes: number, refuse: Refuse) => number | undefined,
  ) {
    this.budget = new CopyBudget(source);
  }

  /** `('storage', class, key, location, length[, view])`, the persistent id that stands for a storage. */
  storage(id: readonly unknown[], className: string | undefined, refuse: Refuse): Storage {
    const dtype = storageTypes.get(className ?? '');
    const [, , key, location, length, view = null] = id;
    if (!dtype || typeof key !== 'string' || typeof location !== 'string' || !isCount(length) || id.length > 6)
      return refuse(
        `expected a storage (class, key, location, length), got ${show(id.slice(1))} of ${show(className)}.`,
      );
    if (view !== null)
      return refuse(
        'views of storages (PyTorch before 0.4) are not read. Load and save the file with a newer PyTorch.',
      );
    const bytes = length * bytesPerElement(dtype);
    if (bytes > this.source.size)
      return refuse(
        `storage ${show(key)} claims ${length} elements of ${dtype}, ${bytes} bytes, but the file has ${this.source.size}. It is damaged.`,
      );
    const known = this.storages.get(key);
    if (known) {
      if (known.dtype === dtype && known.length === length) return known;
      return refuse(
        `storage ${show(key)} is ${known.length} × ${known.dtype} and ${length} × ${dtype} at once. The file is damaged.`,
      );
    }
    const storage = new Storage(key, dtype, length);
    storage.begin = this.locate(storage, bytes, refuse);
    this.storages.set(key, storage);
    return storage;
  }

  /** `_rebuild_tensor(_v2)(storage, offset, shape, strides, requires_grad, backward_hooks[, metadata])`. */
  tensor(args: readonly unknown[], refuse: Refuse): TorchTensor {
    const [storage, offset, shape, strides, requiresGrad = false, , metadata = null] = args;
    if (!(storage instanceof Storage)) return refuse(`expected a tensor on a storage, got ${show(storage)}.`);
    if (
      !isCount(offset) ||
      !isTuple(shape) ||
      !isTuple(strides) ||
      !isCounts(shape) ||
      !isCounts(strides) ||
      shape.length !== strides.length
    )
      return refuse(
        `expected offset, shape and strides of at most ${maxRank} non-negative integers, got ${show(offset)}, ${show(shape)}, ${show(strides)}.`,
      );
    if (typeof requiresGrad !== 'boolean')
      return refuse(`expected requires_grad as a bool, got ${show(requiresGrad)}.`);
    if (metadata instanceof PickleDict && [...metadata.values()].some((value) => value !== false))
      return refuse(
        'tensors with a lazy conjugate or negative are not read. Save tensor.resolve_conj().resolve_neg().',
      );
    const bytes = countBytes({ dtype: storage.dtype, shape });
    const end = offset + spanOf(shape, strides);
    if (bytes === undefined || !(end <= storage.length))
      return refuse(
        `expected a tensor ${show(shape)} with strides ${show(strides)} from ${offset} within its storage of ${storage.length} elements, got one that reaches ${end}. The file is damaged.`,
      );
    if (bytes > Math.max(storage.length * bytesPerElement(storage.dtype), byteAllowance(this.source.size)))
      return refuse(
        `a tensor ${show(shape)} repeats a storage of ${storage.length} elements to ${bytes} bytes, more than ${byteAllowance(this.source.size)}. The file is hostile, or the tensor should be saved without expand().`,
      );
    return new TorchTensor(
      { storage, offset, shape, strides, requiresGrad, parameter: false },
      this.source,
      this.budget,
    );
  }
}
