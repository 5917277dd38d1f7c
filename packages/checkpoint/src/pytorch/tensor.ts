import { asTypedArray, bytesPerElement, countBytes, type DType, type StoredTensor, type TypedArray } from '../dtype.js';
import { gather, isContiguous, spanOf } from '../strided.js';
import type { ByteSource } from '../zip/source.js';
import { PyTorchError } from './error.js';
import { byteAllowance } from './limits.js';

/** A block of memory that tensors look into. */
export class Storage {
  /** Where its bytes begin in the file; known later in the legacy format. */
  begin: number | undefined = undefined;
  constructor(
    readonly key: string,
    readonly dtype: DType,
    /** Elements. */
    readonly length: number,
  ) {}
}

/**
 * Counts what reading may still take, shared by the tensors of one file: a short pickle can name the same storage a
 * thousand times.
 */
export class CopyBudget {
  private left: number;
  constructor(private readonly source: ByteSource) {
    this.left = byteAllowance(source.size);
  }
  spend(bytes: number): void {
    this.left -= bytes;
    if (this.left < 0)
      throw new PyTorchError(
        `expected tensors of at most ${byteAllowance(this.source.size)} bytes in all, got more. The file is hostile, or its tensors should be cloned before saving.`,
        { file: this.source.label },
      );
  }
}

interface TensorParts {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly requiresGrad: boolean;
  readonly parameter: boolean;
}

/**
 * A tensor of a PyTorch checkpoint. `data` is in row-major order whatever the strides; it is read when asked for: in
 * memory once (a view of the file's bytes where that is possible), from a file anew each time.
 */
export class TorchTensor implements StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  declare readonly data: TypedArray;
  /** Steps in elements, as in PyTorch. */
  readonly strides: readonly number[];
  /** First element within the storage. */
  readonly offset: number;
  /** Tensors of equal key share memory in PyTorch. */
  readonly storage: string;
  readonly requiresGrad: boolean;
  /** Whether it was an `nn.Parameter`. */
  readonly parameter: boolean;
  readonly #parts: TensorParts;
  readonly #source: ByteSource;
  readonly #budget: CopyBudget;
  #kept: TypedArray | undefined;
  #paid = false;

  constructor(parts: TensorParts, source: ByteSource, budget: CopyBudget) {
    this.dtype = parts.storage.dtype;
    this.shape = parts.shape;
    this.strides = parts.strides;
    this.offset = parts.offset;
    this.storage = parts.storage.key;
    this.requiresGrad = parts.requiresGrad;
    this.parameter = parts.parameter;
    this.#parts = parts;
    this.#source = source;
    this.#budget = budget;
    // An own property, so that a tensor can be spread, cloned and sent to a worker like any plain one.
    Object.defineProperty(this, 'data', { enumerable: true, get: () => this.#kept ?? this.#read() });
  }

  /** The same memory as an `nn.Parameter`. */
  asParameter(requiresGrad: boolean): TorchTensor {
    return new TorchTensor({ ...this.#parts, requiresGrad, parameter: true }, this.#source, this.#budget);
  }

  #read(): TypedArray {
    const { storage, offset, shape, strides } = this.#parts;
    const { dtype, begin } = storage;
    const size = bytesPerElement(dtype);
    const span = spanOf(shape, strides);
    if (begin === undefined || span === 0) return asTypedArray(dtype, new Uint8Array(0));
    const start = begin + offset * size;
    const plain = isContiguous(shape, strides);
    if (!this.#paid) this.#budget.spend(Math.max(span * size, countBytes(this) as number));
    this.#paid = true;
    const bytes = this.#source.read(start, start + span * size);
    const data = asTypedArray(dtype, plain ? bytes : gather(bytes, size, shape, strides));
    if (this.#source.inMemory) this.#kept = data;
    return data;
  }
}
