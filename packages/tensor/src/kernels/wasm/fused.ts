import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { address, kernelsOf, output, requireFloat, scratch, type WasmBackend, wasmKernel } from './backend.js';
import { gemmScratch } from './matmul.js';

// The contract of these kernels – names, inputs, attributes, outputs – is ../README.md.

type Named<K extends string> = Record<K, TensorInfo>;
const addresses = (backend: WasmBackend, ...tensors: TensorInfo[]) => tensors.map((tensor) => address(backend, tensor));

export const gelu = wasmKernel<Named<'x'>, object>('GssGelu', ({ x }, backend) => {
  requireFloat('GssGelu', x);
  const out = output(backend, x.shape);
  kernelsOf(backend).gelu(...addresses(backend, x, out), util.sizeFromShape(x.shape));
  return out;
});

export const geluGrad = wasmKernel<Named<'dy' | 'x'>, object>('GssGeluGrad', ({ dy, x }, backend) => {
  requireFloat('GssGeluGrad', dy, x);
  const out = output(backend, x.shape);
  kernelsOf(backend).geluGradient(...addresses(backend, dy, x, out), util.sizeFromShape(x.shape));
  return out;
});

export const reluGrad = wasmKernel<Named<'dy' | 'y'>, object>('GssReluGrad', ({ dy, y }, backend) => {
  requireFloat('GssReluGrad', dy, y);
  const out = output(backend, y.shape);
  kernelsOf(backend).reluGradient(...addresses(backend, dy, y, out), util.sizeFromShape(y.shape));
  return out;
});

/** [rows, channels] of a tensor whose last axis holds the channels. */
function matrix({ shape }: TensorInfo): [rows: number, channels: number] {
  const channels = shape.at(-1)!;
  return [util.sizeFromShape(shape.slice(0, -1)), channels];
}

export const layerNorm = wasmKernel<Named<'x' | 'gamma' | 'beta'>, { epsilon: number }>(
  'GssLayerNorm',
  ({ x, gamma, beta }, backend, { epsilon }) => {
    requireFloat('GssLayerNorm', x, gamma, beta);
    const [rows, channels] = matrix(x);
    const y = output(backend, x.shape);
    const mean = output(backend, [rows]);
    const rstd = output(backend, [rows]);
    kernelsOf(backend).layerNorm(...addresses(backend, x, gamma, beta, y, mean, rstd), rows, channels, epsilon);
    return [y, mean, rstd];
  },
);

export const layerNormGrad = wasmKernel<Named<'dy' | 'x' | 'mean' | 'rstd' | 'gamma'>, object>(
  'GssLayerNormGrad',
  ({ dy, x, mean, rstd, gamma }, backend) => {
    requireFloat('GssLayerNormGrad', dy, x, mean, rstd, gamma);
    const [rows, channels] = matrix(x);
    const dx = output(backend, x.shape);
    const dGamma = output(backend, [channels]);
    const dBeta = output(backend, [channels]);
    const work = scratch(backend, channels * 8);
    const places = addresses(backend, dy, x, mean, rstd, gamma, dx, dGamma, dBeta);
    kernelsOf(backend).layerNormGradient(...places, rows, channels, work);
    return [dx, dGamma, dBeta];
  },
);

export const batchNorm = wasmKernel<Named<'x' | 'gamma' | 'beta'>, { epsilon: number }>(
  'GssBatchNorm',
  ({ x, gamma, beta }, backend, { epsilon }) => {
    requireFloat('GssBatchNorm', x, gamma, beta);
    const [rows, channels] = matrix(x);
    const y = output(backend, x.shape);
    const mean = output(backend, [channels]);
    const variance = output(backend, [channels]);
    const work = scratch(backend, channels * 8);
    const places = addresses(backend, x, gamma, beta, y, mean, variance);
    kernelsOf(backend).batchNorm(...places, rows, channels, epsilon, work);
    return [y, mean, variance];
  },
);

export const batchNormGrad = wasmKernel<Named<'dy' | 'x' | 'mean' | 'variance' | 'gamma'>, { epsilon: number }>(
  'GssBatchNormGrad',
  ({ dy, x, mean, variance, gamma }, backend, { epsilon }) => {
    requireFloat('GssBatchNormGrad', dy, x, mean, variance, gamma);
    const [rows, channels] = matrix(x);
    const dx = output(backend, x.shape);
    const dGamma = output(backend, [channels]);
    const dBeta = output(backend, [channels]);
    const work = scratch(backend, channels * 16);
    const places = addresses(backend, dy, x, mean, variance, gamma, dx, dGamma, dBeta);
    kernelsOf(backend).batchNormGradient(...places, rows, channels, epsilon, work);
    return [dx, dGamma, dBeta];
  },
);

interface AttentionAttrs {
  readonly heads: number;
  readonly scale: number;
}

/** [B, L, 3C] and the number of heads → the sizes the kernel takes. */
const attentionSizes = ({ shape }: TensorInfo, heads: number) => {
  const [windows, length, channels] = shape as [number, number, number];
  return { windows, length, size: channels / 3 / heads };
};

export const windowAttention = wasmKernel<Named<'qkv' | 'bias' | 'mask'>, AttentionAttrs>(
  'GssWindowAttention',
  ({ qkv, bias, mask }, backend, { heads, scale }) => {
    requireFloat('GssWindowAttention', qkv, bias);
    const { windows, length, size } = attentionSizes(qkv, heads);
    const y = output(backend, [windows, length, heads * size]);
    const weights = output(backend, [windows, heads, length, length]);
    const work = scratch(backend, gemmScratch);
    const [from, to, px, pw] = addresses(backend, qkv, bias, y, weights) as [number, number, number, number];
    const [pm, masks] = mask ? [address(backend, mask), mask.shape[0]!] : [0, 1];
    kernelsOf(backend).windowAttention(from, to, pm, masks, px, pw, windows, length, heads, size, scale, work);
    return [y, weights];
  },
);

export const windowAttentionGrad = wasmKernel<Named<'dy' | 'qkv' | 'weights'>, AttentionAttrs>(
  'GssWindowAttentionGrad',
  ({ dy, qkv, weights }, backend, { heads, scale }) => {
    requireFloat('GssWindowAttentionGrad', dy, qkv, weights);
    const { windows, length, size } = attentionSizes(qkv, heads);
    const dqkv = output(backend, qkv.shape);
    const dBias = output(backend, [heads, length, length]);
    const work = scratch(backend, gemmScratch + length * length * 4);
    const places = addresses(backend, dy, qkv, weights, dqkv, dBias);
    kernelsOf(backend).windowAttentionGradient(
      ...[...places, windows, length, heads, size, scale, work, work + gemmScratch],
    );
    return [dqkv, dBias];
  },
);

/** Refuses class numbers that are not int32. */
function requireTargets(kernel: string, { dtype }: TensorInfo): void {
  if (dtype !== 'int32') throw new TypeError(`${kernel} (wasm): expected int32 targets, got ${dtype}. Cast them.`);
}

export const crossEntropy = wasmKernel<Named<'logits' | 'targets'>, { ignore: number }>(
  'GssCrossEntropy',
  ({ logits, targets }, backend, { ignore }) => {
    requireFloat('GssCrossEntropy', logits);
    requireTargets('GssCrossEntropy', targets);
    const [rows, classes] = matrix(logits);
    const losses = output(backend, [rows]);
    const logs = output(backend, [rows]);
    kernelsOf(backend).crossEntropy(...addresses(backend, logits, targets, losses, logs), rows, classes, ignore);
    return [losses, logs];
  },
);

export const crossEntropyGrad = wasmKernel<Named<'dy' | 'logits' | 'targets' | 'logSumExp'>, { ignore: number }>(
  'GssCrossEntropyGrad',
  ({ dy, logits, targets, logSumExp }, backend, { ignore }) => {
    requireFloat('GssCrossEntropyGrad', dy, logits, logSumExp);
    requireTargets('GssCrossEntropyGrad', targets);
    const [rows, classes] = matrix(logits);
    const out = output(backend, logits.shape);
    const places = addresses(backend, dy, logits, targets, logSumExp, out);
    kernelsOf(backend).crossEntropyGradient(...places, rows, classes, ignore);
    return out;
  },
);

interface AdamWAttrs {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly step: number;
}
type AdamWInputs = Named<'param' | 'gradient' | 'm' | 'v' | 'learningRate' | 'weightDecay'>;

export const adamW = wasmKernel<AdamWInputs, AdamWAttrs>(
  'GssAdamW',
  ({ param, gradient, m, v, learningRate, weightDecay }, backend, { beta1, beta2, epsilon, step }) => {
    requireFloat('GssAdamW', param, gradient, m, v, learningRate, weightDecay);
    const next = [0, 1, 2].map(() => output(backend, param.shape));
    const perElement = (tensor: TensorInfo) => (util.sizeFromShape(tensor.shape) === 1 ? 0 : 16);
    kernelsOf(backend).adamw(
      ...addresses(backend, param, gradient, m, v),
      ...[address(backend, learningRate), perElement(learningRate)],
      ...[address(backend, weightDecay), perElement(weightDecay)],
      ...addresses(backend, ...next),
      ...[util.sizeFromShape(param.shape), beta1, beta2, 1 - beta1 ** step, 1 - beta2 ** step, epsilon],
    );
    return next;
  },
);
