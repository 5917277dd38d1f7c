import { kernelsBase64 } from './module.generated.js';

/** What assembly/index.ts exports. Pointers and strides are bytes, sizes are elements, flags are 0 or 1. */
export interface Kernels {
  adamw(...args: number[]): void;
  batchNorm(...args: number[]): void;
  batchNormGradient(...args: number[]): void;
  batchedGemm(...args: number[]): void;
  boolFromWord(...args: number[]): void;
  certainty(...args: number[]): void;
  classify(...args: number[]): void;
  convFilterGradient(...args: number[]): void;
  convInputGradient(...args: number[]): void;
  copyStrided(...args: number[]): void;
  crossEntropy(...args: number[]): void;
  crossEntropyGradient(...args: number[]): void;
  depthwiseGradient(...args: number[]): void;
  erf(...args: number[]): void;
  exp(...args: number[]): void;
  floatFromBool(...args: number[]): void;
  floatFromInt(...args: number[]): void;
  gelu(...args: number[]): void;
  geluGradient(...args: number[]): void;
  layerNorm(...args: number[]): void;
  layerNormGradient(...args: number[]): void;
  log(...args: number[]): void;
  maxPoolGradient(...args: number[]): void;
  reduceSum(...args: number[]): void;
  reluGradient(...args: number[]): void;
  segmentSum(...args: number[]): void;
  setConvolution(...args: number[]): void;
  windowAttention(...args: number[]): void;
  windowAttentionGradient(...args: number[]): void;
  /** The place of the first id out of range, or −1. */
  gatherRows(...args: number[]): number;
}

/** The import section of the module: one memory, "env" "memory", any size (flag 0, minimum 0). */
const ownMemory = [2, 15, 1, 3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2, 0, 0];
/** The same for a shared memory of at most 65536 pages (flag 3), as the threaded build of tfjs has. */
const sharedMemory = [2, 18, 1, 3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2, 3, 0, 128, 128, 4];

/** The module's bytes for an unshared or a shared memory: they differ in the import section alone. */
export function kernelBytes(shared: boolean): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(kernelsBase64), (character) => character.charCodeAt(0));
  if (!shared) return bytes;
  const at = bytes.findIndex((_, i) => ownMemory.every((byte, j) => bytes[i + j] === byte));
  if (at < 0) throw new Error('kernelBytes: the module does not import its memory as expected; rebuild the kernels.');
  const rest = bytes.subarray(at + ownMemory.length);
  return Uint8Array.from([...bytes.subarray(0, at), ...sharedMemory, ...rest]);
}

/** Whether this engine runs the module (it needs SIMD: all engines since 2023). */
export const supportsKernels = (): boolean => WebAssembly.validate(kernelBytes(false));

/** Instantiates the module on `memory`, in place: it keeps no data of its own. */
export function instantiateKernels(memory: WebAssembly.Memory): Kernels {
  const shared = !(memory.buffer instanceof ArrayBuffer);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(kernelBytes(shared)), { env: { memory } });
  return instance.exports as unknown as Kernels;
}
