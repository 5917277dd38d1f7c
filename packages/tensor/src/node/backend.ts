import * as tf from '@tensorflow/tfjs-core';
import { registerTensorflowKernels } from '../kernels/tensorflow/index.js';
import { registerWasmKernels } from '../kernels/wasm/index.js';
import { prepareUtil } from './util-shim.js';
import { startWebGpu } from './webgpu.js';

export const nodeBackends = ['tensorflow', 'webgpu', 'wasm', 'cpu'] as const;
export type NodeBackend = (typeof nodeBackends)[number];

export interface BackendChoice {
  readonly backend: NodeBackend;
  /** What it runs on, for people: "CPU, 2 threads (TensorFlow 2.21)". */
  readonly device: string;
  /** Backends that could be started, best first. */
  readonly available: readonly NodeBackend[];
  /** Why the others could not, one sentence each. */
  readonly unavailable: Readonly<Partial<Record<NodeBackend, string>>>;
  /** What would be faster, and how to get it. Empty when nothing would. */
  readonly advice: readonly string[];
}

export interface SelectBackendOptions {
  /** Takes this one or throws. Default: the environment variable GSS_BACKEND, else the first that starts. */
  readonly backend?: NodeBackend | undefined;
  /** Tries every backend instead of stopping at the first, so that `available` is complete (for `gss doctor`). */
  readonly probeAll?: boolean;
}

/** A backend that was asked for and cannot be had. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n')[0]!.trim();

const starters: Record<NodeBackend, () => Promise<string>> = {
  async tensorflow() {
    prepareUtil();
    process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
    await import('@tensorflow/tfjs-node-gpu');
    await activate('tensorflow');
    registerTensorflowKernels();
    const { isUsingGpuDevice, binding } = tf.backend() as unknown as {
      isUsingGpuDevice: boolean;
      binding: { TF_Version?: string };
    };
    return `${isUsingGpuDevice ? 'GPU' : 'CPU'} (TensorFlow ${binding.TF_Version ?? 'library'})`;
  },
  async webgpu() {
    const device = await startWebGpu();
    await activate('webgpu');
    return device;
  },
  async wasm() {
    const wasm = await import('@tensorflow/tfjs-backend-wasm');
    await activate('wasm');
    registerWasmKernels();
    return `CPU, ${Math.max(1, wasm.getThreadsCount())} thread (WebAssembly SIMD)`;
  },
  async cpu() {
    await activate('cpu');
    return 'CPU, 1 thread (plain JavaScript)';
  },
};

async function activate(backend: NodeBackend): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend did not initialise`);
  await tf.ready();
}

const adviceFor: Partial<Record<NodeBackend, string>> = {
  tensorflow:
    'The native TensorFlow backend is about 5–10 times as fast: run `gss native install` (it needs a PyPI client and a C++ compiler).',
  wasm: 'The wasm backend is much faster than cpu: install @tensorflow/tfjs-backend-wasm.',
};

function wanted(option: NodeBackend | undefined): NodeBackend | undefined {
  const name = option ?? process.env.GSS_BACKEND;
  if (!name) return undefined;
  if (!(nodeBackends as readonly string[]).includes(name)) {
    throw new BackendError(
      `selectBackend: no backend "${name}". Set GSS_BACKEND to one of ${nodeBackends.join(', ')}.`,
    );
  }
  return name as NodeBackend;
}

/**
 * Starts the fastest backend that works in this Node: `tensorflow` (native, provisioned by @gss/native) → `webgpu` (a real
 * GPU through Dawn) → `wasm` → `cpu`. Gradients and our own kernels for that backend are registered.
 * Throws BackendError when a backend was asked for and cannot be had: never another one in silence.
 */
export async function selectBackend({ backend, probeAll = false }: SelectBackendOptions = {}): Promise<BackendChoice> {
  tf.enableProdMode(); // also keeps tfjs from printing its greeting
  await import('@tensorflow/tfjs'); // registers the gradients
  const forced = wanted(backend);
  const available: NodeBackend[] = [];
  const unavailable: Partial<Record<NodeBackend, string>> = {};
  const devices: Partial<Record<NodeBackend, string>> = {};
  const candidates = forced && !probeAll ? [forced] : nodeBackends;
  for (const name of candidates) {
    try {
      devices[name] = await starters[name]();
      available.push(name);
      if (!probeAll) break;
    } catch (error) {
      unavailable[name] = reason(error);
    }
  }
  const chosen = forced ?? available[0];
  if (!chosen || !available.includes(chosen)) {
    const advice = adviceFor[forced ?? 'wasm'];
    throw new BackendError(
      `selectBackend: the ${forced ?? 'cpu'} backend cannot be had: ${unavailable[forced ?? 'cpu']}.${advice ? ` ${advice}` : ''}`,
    );
  }
  if (tf.getBackend() !== chosen) await activate(chosen);
  const faster = nodeBackends.slice(0, nodeBackends.indexOf(chosen)).filter((name) => !available.includes(name));
  const advice = forced && !probeAll ? [] : faster.flatMap((name) => adviceFor[name] ?? []);
  return { backend: chosen, device: devices[chosen]!, available, unavailable, advice };
}
