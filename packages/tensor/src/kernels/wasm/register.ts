import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { conv2dBackpropFilter, conv2dBackpropInput } from './conv.js';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise.js';
import { batchMatMul } from './matmul.js';
import { supportsKernels } from './module.js';
import { maxPoolGrad } from './pool.js';
import { unsortedSegmentSum } from './segment.js';

/** What {@link registerWasmKernels} did. */
export interface WasmKernelReport {
  /** Names of the kernels now ours; empty when the engine has no SIMD. */
  readonly registered: readonly string[];
  /** Why nothing was registered, for the user. */
  readonly reason?: string;
}

const kernels: readonly KernelConfig[] = [
  batchMatMul,
  conv2dBackpropFilter,
  conv2dBackpropInput,
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  maxPoolGrad,
  unsortedSegmentSum,
];

/**
 * Registers, for tfjs' `wasm` backend, the kernels that training needs and that are missing there, wrong or slow.
 * Call it once `@tensorflow/tfjs-backend-wasm` is imported; calling it again changes nothing. They run on the backend's
 * own memory, single-threaded and threaded builds alike.
 */
export function registerWasmKernels(): WasmKernelReport {
  if (!supportsKernels()) {
    const reason = 'This engine has no WebAssembly SIMD: the wasm backend infers, but cannot train.';
    return { registered: [], reason };
  }
  for (const kernel of kernels) {
    if (getKernel(kernel.kernelName, 'wasm')) unregisterKernel(kernel.kernelName, 'wasm');
    registerKernel(kernel);
  }
  return { registered: kernels.map(({ kernelName }) => kernelName) };
}
