import {
  type DataType,
  type KernelConfig,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { instantiateKernels, type Kernels } from './module.js';

/** The part of tfjs-backend-wasm's backend that kernels use (4.22; `wasm` is private there). */
export interface WasmBackend {
  readonly dataIdMap: { get(id: object): { id: number; memoryOffset: number } };
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  disposeData(id: object): boolean;
  incRef(id: object): void;
  readonly wasm: {
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    /** Exports of the single-threaded builds. */
    readonly asm?: { readonly memory?: WebAssembly.Memory };
    /** Only the threaded build has it. */
    readonly wasmMemory?: WebAssembly.Memory;
  };
}

/** Our module on a backend's memory, with a scratch buffer that only grows. */
interface Companion {
  readonly kernels: Kernels;
  scratch: number;
  scratchBytes: number;
}

const companions = new WeakMap<WasmBackend, Companion>();

/** The memory of tfjs' module. Growth keeps the object, so an instance on it sees every later page. */
export function memoryOf(backend: WasmBackend): WebAssembly.Memory {
  const memory = backend.wasm.wasmMemory ?? backend.wasm.asm?.memory;
  if (memory instanceof WebAssembly.Memory) return memory;
  throw new Error(
    'registerWasmKernels: expected the memory of tfjs-backend-wasm at wasm.asm.memory or wasm.wasmMemory, got none. Use tfjs-backend-wasm 4.22.',
  );
}

/** Whether this is the threaded build of tfjs, whose XNNPACK uses all its threads. */
export const isThreaded = (backend: WasmBackend): boolean => backend.wasm.wasmMemory !== undefined;

function companion(backend: WasmBackend): Companion {
  let found = companions.get(backend);
  if (!found) {
    found = { kernels: instantiateKernels(memoryOf(backend)), scratch: 0, scratchBytes: 0 };
    companions.set(backend, found);
  }
  return found;
}

/** Our module's exports on this backend's memory. */
export const kernelsOf = (backend: WasmBackend): Kernels => companion(backend).kernels;

/** At least `bytes` of scratch memory, 16-byte aligned; valid until the next call. */
export function scratch(backend: WasmBackend, bytes: number): number {
  const own = companion(backend);
  if (own.scratchBytes < bytes) {
    if (own.scratch) backend.wasm._free(own.scratch);
    own.scratch = backend.wasm._malloc(bytes + 16) >>> 0;
    own.scratchBytes = own.scratch ? bytes : 0;
    if (!own.scratch) throw full(bytes);
  }
  return ((own.scratch + 15) & ~15) >>> 0; // unsigned: the heap goes up to 4 GB
}

const full = (bytes: number) =>
  new RangeError(
    `The wasm backend has no ${bytes} bytes left (its heap ends at 4 GB). Use a smaller batch or crop, or the native backend.`,
  );

/** A new tensor, its values not yet set. tfjs itself would go on at address 0 when the heap is full. */
export function output(backend: WasmBackend, shape: number[], dtype: DataType = 'float32'): TensorInfo {
  const out = backend.makeOutput(shape, dtype);
  if (backend.dataIdMap.get(out.dataId).memoryOffset) return out;
  const size = util.sizeFromShape(shape);
  if (size === 0) return out;
  backend.disposeData(out.dataId);
  throw full(size * util.bytesPerElement(dtype));
}

/** The same data for another tensor: tensors are immutable, so clones share, as on the other backends. */
export function share(backend: WasmBackend, { dataId, dtype }: TensorInfo, shape: number[]): TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}

/** Byte address of a tensor's first element. */
export const address = (backend: WasmBackend, tensor: TensorInfo): number =>
  backend.dataIdMap.get(tensor.dataId).memoryOffset;

/** tfjs types a kernel's inputs as possibly undefined; those of our kernels always come. */
type Tensors<I> = { [K in keyof I]-?: TensorInfo };
type Result = TensorInfo | TensorInfo[];

/** Runs the kernel of tfjs, on the same arguments or on others. */
type Stock = (changed?: { readonly inputs: NamedTensorInfoMap; readonly attrs: NamedAttrMap }) => Result;

/** A kernel of ours, to be bound to the stock kernel that it replaces. */
export interface WasmKernel {
  readonly kernelName: string;
  bind(stock: KernelConfig | undefined): KernelConfig;
}

/** Functions that `bind` made, to know our own kernels in tfjs' registry. */
const own = new WeakSet<KernelFunc>();
export const isOwnKernel = ({ kernelFunc }: KernelConfig): boolean => own.has(kernelFunc);

/** A kernel from a typed function, which may hand over to the kernel of tfjs by `stock()`. */
export function wasmKernel<I, A>(
  kernelName: string,
  run: (inputs: Tensors<I>, backend: WasmBackend, attrs: A, stock: Stock) => Result,
): WasmKernel {
  const bind = (stock: KernelConfig | undefined): KernelConfig => {
    const kernelFunc: KernelFunc = (params) => {
      const fallBack: Stock = (changed) => {
        if (stock) return stock.kernelFunc({ ...params, ...changed });
        throw new TypeError(`${kernelName} (wasm): expected float32 or int32 tensors. Cast them with tf.cast.`);
      };
      // tfjs types the arguments of every kernel alike; what this one gets is I and A.
      const { inputs, backend, attrs } = params as unknown as { inputs: Tensors<I>; backend: WasmBackend; attrs: A };
      return run(inputs, backend, attrs, fallBack);
    };
    own.add(kernelFunc);
    // If tfjs sets the backend up after us, the stock kernel that we fall back to still needs its own set-up.
    return { kernelName, backendName: 'wasm', kernelFunc, ...(stock?.setupFunc ? { setupFunc: stock.setupFunc } : {}) };
  };
  return { kernelName, bind };
}

/** Whether a tensor's elements have four bytes, as our copying kernels need. */
export const hasWords = ({ dtype }: TensorInfo): boolean => dtype === 'float32' || dtype === 'int32';

/** Refuses anything but float32, naming the kernel. */
export function requireFloat(kernel: string, ...tensors: TensorInfo[]): void {
  for (const { dtype } of tensors) {
    if (dtype !== 'float32') {
      throw new TypeError(`${kernel} (wasm): expected float32, got ${dtype}. Cast it with tf.cast(x, 'float32').`);
    }
  }
}
