import * as tf from '@tensorflow/tfjs-core';
import type { BackboneFamily } from './backbones.js';
import type { GssModelConfig } from './config.js';
import type { TokenizerFamily } from './tokenizers.js';

const words = (text: string) => text.split(' ');

// kernels.test.ts records what runs and holds these tables to it. Fused kernels of ours (Gss…) stand for several of these where a backend
// has them; it then has these too.
/** Network, 𝒳⁻¹, windows, augmentation, sampling and reading. */
const always = words(
  'Add ArgMax BatchMatMul Cast ClipByValue Concat Erf Exp ExpandDims FusedConv2D GatherV2 Identity Log Max Maximum Mean Multiply OneHot PadV2 RealDiv Relu Reshape ResizeBilinear Reverse Rsqrt Slice Softmax SplitV Square Sub Sum TopK Transpose Unpack _FusedMatMul',
);
const ofBackbone: { readonly [F in BackboneFamily]: readonly string[] } = {
  swin: [],
  resnet: ['MaxPool'],
  hrnet: [],
  efficientnet: ['FusedDepthwiseConv2D'],
};
const ofTokenizer: { readonly [F in TokenizerFamily]: readonly string[] } = {
  compact: [],
  dvae: words('ResizeNearestNeighbor Sigmoid Tile'),
  vqgan: words('ResizeNearestNeighbor Sigmoid'),
  uvim: words('Abs Pow Sigmoid Sqrt Tile'),
};

/** Names of the kernels that segmenting with a model runs, whatever the options, on a backend without fused ones. */
export function neededKernels({ backbone, tokenizer, kind }: GssModelConfig): readonly string[] {
  const drawn = kind === 'generative' ? ofTokenizer[tokenizer.type] : [];
  return [...new Set([...always, ...ofBackbone[backbone.type], ...drawn])].sort();
}

const registered = (backend: string) => new Set(tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName));

/** Those that a backend has not registered. */
export function missingKernels(config: GssModelConfig, backend = tf.getBackend()): readonly string[] {
  const there = registered(backend);
  return neededKernels(config).filter((name) => !there.has(name));
}

/** A backend that cannot run a model. */
export class MissingKernelsError extends Error {
  override readonly name = 'MissingKernelsError';
  readonly backend: string;
  readonly kernels: readonly string[];

  constructor(message: string, backend: string, kernels: readonly string[]) {
    super(message);
    this.backend = backend;
    this.kernels = kernels;
  }
}

const known = ['webgpu', 'webgl', 'tensorflow', 'wasm', 'cpu'] as const;
const ours: Readonly<Record<string, string>> = {
  wasm: 'registerWasmKernels() of @gss/tensor/kernels/wasm',
  tensorflow: 'registerTensorflowKernels() of @gss/tensor/kernels/tensorflow',
};

/** Throws MissingKernelsError, with what helps, if the current backend lacks a kernel that the model needs. */
export function checkKernels(who: string, config: GssModelConfig): void {
  const backend = tf.getBackend();
  const missing = missingKernels(config, backend);
  if (missing.length === 0) return;
  const there = (name: string) => tf.findBackendFactory(name) !== null && missingKernels(config, name).length === 0;
  const able = known.filter((name) => name !== backend && there(name));
  const remedies = [
    ...(ours[backend] ? [`call ${ours[backend]}`] : []),
    able.length
      ? `take another backend: await tf.setBackend('${able[0]}')${able.length > 1 ? `, or ${able.slice(1).join(', ')}` : ''}`
      : "import another backend, e.g. '@tensorflow/tfjs-backend-wasm', and await tf.setBackend of it",
  ];
  throw new MissingKernelsError(
    `${who}: expected all kernels of ${config.name} on backend ${backend}, which lacks ${missing.join(', ')}. Remedy: ${remedies.join('; or ')}.`,
    backend,
    missing,
  );
}
