import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { isOwnKernel, type WasmKernel } from './backend.js';
import { certainty, linearArgMax } from './classify.js';
import { conv2dBackpropFilter, conv2dBackpropInput } from './conv.js';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise.js';
import {
  adamW,
  batchNorm,
  batchNormGrad,
  crossEntropy,
  crossEntropyGrad,
  gelu,
  geluGrad,
  layerNorm,
  layerNormGrad,
  reluGrad,
  windowAttention,
  windowAttentionGrad,
} from './fused.js';
import { batchMatMul } from './matmul.js';
import { supportsKernels } from './module.js';
import { concat, gather, identity, slice, splitV, tile, transpose, unpack } from './move.js';
import { maxPoolGrad } from './pool.js';
import { mean, sum } from './reduce.js';
import { unsortedSegmentSum } from './segment.js';
import { cast, erf, exp, log } from './unary.js';

/** What {@link registerWasmKernels} did. */
export interface WasmKernelReport {
  /** Names of the kernels that are ours now; empty when the engine has no SIMD. */
  readonly registered: readonly string[];
  /** Why nothing was registered, for the user. */
  readonly reason?: string;
}

const missing = [conv2dBackpropFilter, depthwiseBackpropFilter, depthwiseBackpropInput, unsortedSegmentSum];
const wrong = [maxPoolGrad, cast];
const slow = [
  ...[batchMatMul, conv2dBackpropInput, transpose, slice, unpack, splitV, tile, gather, identity, sum, mean],
  ...[concat, exp, erf, log],
];
const fused = [
  ...[reluGrad, gelu, geluGrad, layerNorm, layerNormGrad, batchNorm, batchNormGrad],
  ...[windowAttention, windowAttentionGrad, crossEntropy, crossEntropyGrad, adamW],
  ...[linearArgMax, certainty],
];
const kernels: readonly WasmKernel[] = [...missing, ...wrong, ...slow, ...fused];

/**
 * Registers, for tfjs' `wasm` backend, the kernels that training needs and that are missing there, wrong or slow, and
 * the fused ones of ../README.md. Call it once `@tensorflow/tfjs-backend-wasm` is imported; again, it changes nothing.
 * They run on the backend's own memory, in single-threaded and threaded builds alike, on the calling thread.
 */
export function registerWasmKernels(): WasmKernelReport {
  if (!supportsKernels()) {
    const reason = 'This engine has no WebAssembly SIMD: the wasm backend infers, but cannot train.';
    return { registered: [], reason };
  }
  for (const { kernelName, bind } of kernels) {
    const stock = getKernel(kernelName, 'wasm');
    if (stock && isOwnKernel(stock)) continue;
    if (stock) unregisterKernel(kernelName, 'wasm');
    registerKernel(bind(stock));
  }
  return { registered: kernels.map(({ kernelName }) => kernelName) };
}
