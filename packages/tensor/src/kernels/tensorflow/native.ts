import type { KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';

/** A tensor of TensorFlow: what an operation gives, before tfjs knows of it. */
export interface Handle {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | string | readonly number[];
}

/** tfjs-node's binding to TensorFlow's eager runtime (4.22). Types of tensors are inferred from the inputs. */
interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_TYPE: number;
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number;
  deleteTensor(id: number): void;
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Handle[];
}

/** The part of tfjs-node's backend that kernels use (4.22; some of it is private there). */
export interface NativeBackend {
  readonly binding: Binding;
  readonly isUsingGpuDevice: boolean;
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
  createOutputTensor(handle: Handle): TensorInfo;
  incRef(dataId: object): void;
}

type Value =
  | boolean
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly type: number }
  | { readonly shape: readonly number[] };

/** Attributes by name; a number is an integer, `{ float }` a float, `{ type }` a type of elements, `{ shape }` a shape. */
type Attributes = Readonly<Record<string, Value>>;

/** Constants (shapes, axes, scalars) made once: a shape tensor costs more than the reshape that reads it. */
const constants = new WeakMap<NativeBackend, Map<string, Handle>>();
const maxConstants = 2048;

/**
 * Operations of one kernel. Handles are TensorFlow's own, so that intermediates cost no tfjs tensor; they end with the
 * kernel unless `give` made them its outputs.
 */
export class Session {
  readonly #made: Handle[] = [];
  /** Ids that are freed already, or tfjs' to free. */
  readonly #gone = new Set<number>();

  constructor(readonly backend: NativeBackend) {}

  /** The handle of a tfjs tensor, in another shape if one is given. */
  read(tensor: TensorInfo, shape?: readonly number[]): Handle {
    const { backend } = this;
    const dtype = tensor.dtype === 'int32' ? backend.binding.TF_INT32 : backend.binding.TF_FLOAT;
    const handle = { id: backend.getInputTensorIds([tensor])[0]!, shape: tensor.shape, dtype };
    return shape ? this.reshape(handle, shape) : handle;
  }

  run(name: string, inputs: readonly Handle[], outputs: number, attributes: Attributes = {}): Handle[] {
    const { binding } = this.backend;
    const list = Object.entries(attributes).map(([key, value]): Attribute => {
      if (typeof value === 'boolean') return { name: key, type: binding.TF_ATTR_BOOL, value };
      if (typeof value === 'string') return { name: key, type: binding.TF_ATTR_STRING, value };
      if (typeof value === 'number') return { name: key, type: binding.TF_ATTR_INT, value };
      if ('float' in value) return { name: key, type: binding.TF_ATTR_FLOAT, value: value.float };
      if ('type' in value) return { name: key, type: binding.TF_ATTR_TYPE, value: value.type };
      if ('shape' in value) return { name: key, type: binding.TF_ATTR_SHAPE, value: value.shape };
      return { name: key, type: binding.TF_ATTR_INT, value };
    });
    const ids = inputs.map(({ id }) => id);
    const made = binding.executeOp(name, list, ids, outputs);
    this.#made.push(...made);
    return made;
  }

  /** One operation with one output. */
  op(name: string, inputs: readonly Handle[], attributes?: Attributes): Handle {
    return this.run(name, inputs, 1, attributes)[0]!;
  }

  reshape(x: Handle, shape: readonly number[]): Handle {
    if (x.shape.length === shape.length && x.shape.every((size, i) => size === shape[i])) return x;
    return this.op('Reshape', [x, this.ints(shape)]);
  }

  /** Stacks along a new axis. The types of a list of inputs are not inferred. */
  pack(parts: readonly Handle[], axis: number): Handle {
    return this.op('Pack', parts, { N: parts.length, axis, T: { type: parts[0]!.dtype } });
  }

  /**
   * A product, of two matrices or many. Never TensorFlow's `MatMul`: in the 2.21 library, oneDNN's sgemm behind it writes
   * past its workspace ("corrupted size vs. prev_size") on AVX-512 machines; this operation takes another way.
   */
  batchMatMul(a: Handle, b: Handle, adjointA = false, adjointB = false): Handle {
    return this.op('BatchMatMulV2', [a, b], { adj_x: adjointA, adj_y: adjointB });
  }

  transpose(x: Handle, order: readonly number[]): Handle {
    return this.op('Transpose', [x, this.ints(order)]);
  }

  /** A constant vector of integers. */
  ints(values: readonly number[]): Handle {
    return this.#constant(`ints ${values.join()}`, [values.length], () => Int32Array.from(values));
  }

  /** A constant integer. */
  int(value: number): Handle {
    return this.#constant(`int ${value}`, [], () => Int32Array.of(value));
  }

  /** A constant of one value, filling `shape` (default: a scalar). */
  float(value: number, shape: readonly number[] = []): Handle {
    const size = shape.reduce((a, b) => a * b, 1);
    return this.#constant(`float ${value} ${shape.join()}`, shape, () => new Float32Array(size).fill(value));
  }

  /** A scalar for this kernel alone, such as one that changes at every step. */
  scalar(value: number): Handle {
    const { binding } = this.backend;
    const made = {
      id: binding.createTensor([], binding.TF_FLOAT, Float32Array.of(value)),
      shape: [],
      dtype: binding.TF_FLOAT,
    };
    this.#made.push(made);
    return made;
  }

  #constant(key: string, shape: readonly number[], values: () => Float32Array | Int32Array): Handle {
    const { backend } = this;
    const { binding } = backend;
    let known = constants.get(backend);
    if (!known) {
      known = new Map();
      constants.set(backend, known);
    }
    const found = known.get(key);
    if (found) return found;
    if (known.size >= maxConstants) {
      const [oldest, { id }] = known.entries().next().value!; // far older than the constants of this kernel
      known.delete(oldest);
      binding.deleteTensor(id);
    }
    const data = values();
    const dtype = data instanceof Int32Array ? binding.TF_INT32 : binding.TF_FLOAT;
    const made = { id: binding.createTensor(shape, dtype, data), shape: [...shape], dtype };
    known.set(key, made);
    return made;
  }

  /** Makes what an operation gave an output, in another shape if one is given. Never call it on what `read` gave. */
  give(handle: Handle, shape: readonly number[] = handle.shape): TensorInfo {
    const shaped = this.reshape(handle, shape);
    this.#gone.add(shaped.id);
    return this.backend.createOutputTensor(shaped);
  }

  /** Frees at once what an operation gave, so that its only other holder may write into it. */
  drop(handle: Handle): void {
    this.#gone.add(handle.id);
    this.backend.binding.deleteTensor(handle.id);
  }

  /** Frees what was made and not given. */
  end(): void {
    for (const { id } of this.#made) if (!this.#gone.has(id)) this.backend.binding.deleteTensor(id);
  }
}

/** tfjs types a kernel's inputs as possibly undefined; those of our kernels always come. */
type Tensors<I> = { [K in keyof I]-?: TensorInfo };
type Result = TensorInfo | TensorInfo[];

/** A kernel of ours, to be bound to the stock kernel that it replaces. */
export interface NativeKernel {
  readonly kernelName: string;
  bind(stock: KernelConfig | undefined): KernelConfig;
}

/** Functions that `bind` made, to know our own kernels in tfjs' registry. */
const own = new WeakSet<KernelFunc>();
export const isOwnKernel = ({ kernelFunc }: KernelConfig): boolean => own.has(kernelFunc);

/** A kernel from a typed function; it returns undefined to leave the call to tfjs' stock kernel. */
export function nativeKernel<I, A = object>(
  kernelName: string,
  run: (inputs: Tensors<I>, session: Session, attrs: A) => Result | undefined,
): NativeKernel {
  const bind = (stock: KernelConfig | undefined): KernelConfig => {
    const kernelFunc: KernelFunc = (params) => {
      // tfjs types the arguments of every kernel alike; what this one gets is I and A.
      const { inputs, backend, attrs } = params as unknown as { inputs: Tensors<I>; backend: NativeBackend; attrs: A };
      const session = new Session(backend);
      try {
        const result = run(inputs, session, attrs);
        if (result) return result;
      } finally {
        session.end();
      }
      if (stock) return stock.kernelFunc(params);
      throw new TypeError(`${kernelName} (tensorflow): expected float32 tensors. Cast them with tf.cast.`);
    };
    own.add(kernelFunc);
    return { kernelName, backendName: 'tensorflow', kernelFunc };
  };
  return { kernelName, bind };
}

export type Named<K extends string> = Record<K, TensorInfo>;

/** Whether all are float32. */
export const areFloat = (...tensors: TensorInfo[]): boolean => tensors.every(({ dtype }) => dtype === 'float32');

/** [rows, channels] of a tensor whose last axis holds the channels. */
export function rowsOf({ shape }: Pick<TensorInfo, 'shape'>): [rows: number, channels: number] {
  const channels = shape.at(-1)!;
  return [shape.slice(0, -1).reduce((a, b) => a * b, 1), channels];
}
