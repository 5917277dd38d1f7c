import * as tf from '@tensorflow/tfjs-core';
import { registerWasmKernels } from '../kernels/wasm/index.js';

export { freeMemory, type MemoryEstimate } from './memory.js';

export const browserBackends = ['webgpu', 'webgl', 'wasm'] as const;
export type BrowserBackend = (typeof browserBackends)[number];

/** How to load a backend's package: given by the application, so that a bundler splits each into its own file. */
export type BackendLoaders = Readonly<Partial<Record<BrowserBackend, () => Promise<unknown>>>>;

export interface BrowserBackendChoice {
  readonly backend: BrowserBackend;
  /** What it runs on, for people. */
  readonly device: string;
  /** Why a faster one was not taken, one sentence each. */
  readonly unavailable: Readonly<Partial<Record<BrowserBackend, string>>>;
}

export interface SelectBrowserBackendOptions {
  readonly loaders: BackendLoaders;
  /** Takes this one or throws. */
  readonly backend?: BrowserBackend | undefined;
}

interface GpuNavigator {
  readonly gpu?: {
    requestAdapter(): Promise<{ readonly info?: { readonly vendor?: string; readonly architecture?: string } } | null>;
  };
}

async function webgpuDevice(): Promise<string> {
  const gpu = (globalThis.navigator as unknown as GpuNavigator | undefined)?.gpu;
  if (!gpu) throw new Error('this browser has no WebGPU, or the page is not served from https or localhost');
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('the browser offers no WebGPU adapter for this device');
  const { vendor = '', architecture = '' } = adapter.info ?? {};
  return `GPU (WebGPU${vendor || architecture ? `, ${`${vendor} ${architecture}`.trim()}` : ''})`;
}

const devices: Record<BrowserBackend, () => Promise<string>> = {
  webgpu: webgpuDevice,
  webgl: async () => 'GPU (WebGL 2)',
  wasm: async () =>
    `CPU (WebAssembly${(globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated ? ', threads' : ', one thread'})`,
};

/**
 * Starts the first backend that works here: WebGPU → WebGL → wasm, with our kernels for it. The loaders import the backend
 * packages, e.g. `{ webgpu: () => import('@tensorflow/tfjs-backend-webgpu') }`; a wasm loader also calls `setWasmPaths`.
 * Throws with every reason when none works, or when the one asked for does not.
 */
export async function selectBackend({ loaders, backend }: SelectBrowserBackendOptions): Promise<BrowserBackendChoice> {
  tf.enableProdMode();
  const unavailable: Partial<Record<BrowserBackend, string>> = {};
  for (const name of backend ? [backend] : browserBackends) {
    const load = loaders[name];
    try {
      if (!load) throw new Error('the page does not include it');
      const device = await devices[name]();
      await load();
      if (!(await tf.setBackend(name))) throw new Error('it did not initialise');
      await tf.ready();
      if (name === 'wasm') registerWasmKernels();
      return { backend: name, device, unavailable };
    } catch (error) {
      unavailable[name] = error instanceof Error ? error.message : String(error);
    }
  }
  const reasons = Object.entries(unavailable).map(([name, why]) => `${name}: ${why}`);
  throw new Error(`selectBackend: no backend works here. ${reasons.join('; ')}.`);
}
