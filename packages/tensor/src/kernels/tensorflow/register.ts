import { backend, findBackend, getBackend, getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { gelu, geluGrad, reluGrad, step } from './activation.js';
import { adamW } from './adamw.js';
import { windowAttention, windowAttentionGrad } from './attention.js';
import { convBackpropFilter, convBackpropInput, fusedConv2d, fusedMatMulByConv, hasBiasedConv } from './conv.js';
import { crossEntropy, crossEntropyGrad } from './cross-entropy.js';
import { depthwiseBackpropFilter, fusedDepthwiseConv2d } from './depthwise.js';
import { groupNorm, groupNormGrad } from './group-norm.js';
import { isOwnKernel, type NativeBackend, type NativeKernel } from './native.js';
import { batchNorm, batchNormGrad, batchNormRunning, foldBatchNorm, layerNorm, layerNormGrad } from './norm.js';
import { relu6Grad } from './relu6.js';
import { roll } from './roll.js';
import { batchMatMul, cast, fusedMatMul, gather, mean, reshape, sum, transpose } from './stock.js';
import { sumOfSquares } from './sum-of-squares.js';

const stock = [reshape, cast, transpose, gather, sum, mean, step, batchMatMul, fusedMatMul, fusedDepthwiseConv2d];
const fused = [
  ...[gelu, geluGrad, reluGrad, relu6Grad, layerNorm, layerNormGrad],
  ...[windowAttention, windowAttentionGrad, crossEntropy, crossEntropyGrad, roll, sumOfSquares],
];
/** cuDNN saves other statistics for its gradient than TensorFlow's CPU kernels do; the rest was not run on a GPU. */
const processorOnly = [
  ...[convBackpropFilter, convBackpropInput, foldBatchNorm, batchNormRunning],
  batchNorm,
  batchNormGrad,
  groupNorm,
  groupNormGrad,
  depthwiseBackpropFilter,
  adamW,
];

/** What {@link registerTensorflowKernels} did. */
export interface TensorflowKernelReport {
  /** Names of the kernels that are ours now. */
  readonly registered: readonly string[];
}

/**
 * Registers, for tfjs-node's `tensorflow` backend, the fused kernels of ../README.md and faster forms of some of its own.
 * Call it once that backend is the current one; again, it changes nothing.
 */
export function registerTensorflowKernels(): TensorflowKernelReport {
  const native = getBackend() === 'tensorflow' ? backend() : findBackend('tensorflow');
  if (!native) {
    throw new Error(
      'registerTensorflowKernels: there is no tensorflow backend. Import @tensorflow/tfjs-node-gpu and await tf.ready() first.',
    );
  }
  const binding = native as unknown as NativeBackend;
  const onProcessor = binding.isUsingGpuDevice
    ? []
    : [...processorOnly, ...(hasBiasedConv(binding) ? [fusedConv2d, fusedMatMulByConv] : [])];
  const better = new Set(onProcessor.map(({ kernelName }) => kernelName));
  const kernels: readonly NativeKernel[] = [
    ...[...stock, ...fused].filter(({ kernelName }) => !better.has(kernelName)),
    ...onProcessor,
  ];
  for (const { kernelName, bind } of kernels) {
    const present = getKernel(kernelName, 'tensorflow');
    if (present && isOwnKernel(present)) continue;
    if (present) unregisterKernel(kernelName, 'tensorflow');
    registerKernel(bind(present));
  }
  return { registered: kernels.map(({ kernelName }) => kernelName) };
}
