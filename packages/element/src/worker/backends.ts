import { type BackendLoaders, browserBackends, selectBackend } from '@gss/tensor/browser';
import * as tf from '@tensorflow/tfjs-core';
import type { BackendInfo, BackendName } from '../engine/api.js';
import { probe } from './probe.js';
import { softwareRenderer } from './software.js';

export interface ChooseOptions {
  readonly backend?: BackendName | undefined;
  readonly prefer?: BackendName | undefined;
  readonly excluded: Readonly<Partial<Record<BackendName, string>>>;
  /** A folder's URL, or a URL by file name. */
  readonly wasmPaths: string | Readonly<Record<string, string>>;
  readonly threads?: number | undefined;
}

/** tfjs-backend-wasm starts as many threads before its first kernel; more would have to be made while it computes, and wait for ever. */
const mostThreads = 8;

/** How many threads wasm is asked to take: by default half of the logical cores, two of which are often one core. tfjs takes no more than these. */
export const threadsFor = (cores: number, asked?: number): number =>
  Math.min(mostThreads, Math.max(1, Math.floor(asked ?? cores / 2)));

/** Below this the other backends are not even started: nothing on a CPU comes near. */
const surelyFast = 3;

/** Registers kernels once: a second time would put tfjs' own in the place of ours. */
function register(kernels: readonly tf.KernelConfig[]): void {
  for (const kernel of kernels) if (!tf.getKernel(kernel.kernelName, kernel.backendName)) tf.registerKernel(kernel);
}

const loadersFor = ({ wasmPaths, threads }: Pick<ChooseOptions, 'wasmPaths' | 'threads'>): BackendLoaders => ({
  webgpu: async () => register((await import('./kernels/webgpu.generated.js')).kernels),
  webgl: async () => register((await import('./kernels/webgl.generated.js')).kernels),
  wasm: async () => {
    const { kernels, setThreadsCount, setWasmPaths } = await import('./kernels/wasm.generated.js');
    register(kernels);
    if (globalThis.crossOriginIsolated) setThreadsCount(threadsFor(navigator.hardwareConcurrency || 1, threads));
    setWasmPaths(typeof wasmPaths === 'string' ? wasmPaths.replace(/\/?$/, '/') : wasmPaths);
  },
});

async function threadsOf(name: BackendName): Promise<number> {
  if (name !== 'wasm') return 1;
  const { getThreadsCount } = await import('./kernels/wasm.generated.js');
  return Math.max(1, getThreadsCount());
}

const rounded = (milliseconds: number) =>
  milliseconds < 10 ? milliseconds.toFixed(1) : String(Math.round(milliseconds));
const names: Record<BackendName, string> = { webgpu: 'WebGPU', webgl: 'WebGL', wasm: 'WebAssembly' };

/**
 * Starts the backend that computes fastest here: every one that works is timed by a short probe, until one is surely fast enough. GPUs in
 * software are left out unless nothing else works. One that is asked for or preferred is taken without measuring.
 * @throws Error with a reason for each when none works, or the one asked for does not.
 */
export async function chooseBackend({ backend, prefer, excluded, ...options }: ChooseOptions): Promise<BackendInfo> {
  const loaders = loadersFor(options);
  const missing = new Map<BackendName, string>(Object.entries(excluded) as [BackendName, string][]);
  const start = async (name: BackendName) => (await selectBackend({ loaders, backend: name })).device;
  const told = () => [...missing].map(([name, why]) => ` No ${names[name]}: ${why}.`).join('');
  const take = async (name: BackendName, device: string, reason: string, measured: BackendInfo['measured'] = []) => {
    const threads = await threadsOf(name);
    return { name, device, threads, measured, reason: `${reason}${told()}` };
  };

  if (backend) return take(backend, await start(backend), `${names[backend]}, as asked for.`);
  if (prefer && !missing.has(prefer)) {
    try {
      return await take(prefer, await start(prefer), `${names[prefer]}, as before.`);
    } catch (error) {
      missing.set(prefer, whyNot(error));
    }
  }
  const measured: { name: BackendName; milliseconds: number }[] = [];
  const devices = new Map<BackendName, string>();
  const measure = async (name: BackendName) => {
    try {
      const device = await start(name);
      measured.push({ name, milliseconds: await probe() });
      devices.set(name, device);
    } catch (error) {
      missing.set(name, whyNot(error));
    }
  };
  const slow: BackendName[] = [];
  for (const name of browserBackends.filter((name) => !missing.has(name))) {
    const renderer = await softwareRenderer(name);
    if (renderer) {
      missing.set(name, `it is drawn in software here (${renderer})`);
      slow.push(name);
      continue;
    }
    await measure(name);
    if ((measured.at(-1)?.milliseconds ?? Number.POSITIVE_INFINITY) < surelyFast) break;
  }
  for (const name of measured.length ? [] : slow) await measure(name);
  const ranked = [...measured].sort((a, b) => a.milliseconds - b.milliseconds);
  const [best, ...others] = ranked;
  if (!best) throw new Error(`no backend works here.${told()}`);
  for (const { name } of others) tf.removeBackend(name);
  await tf.setBackend(best.name);
  const times = others.map(({ name, milliseconds }) => `${names[name]} ${rounded(milliseconds)} ms`).join(', ');
  const reason = `${names[best.name]}: ${rounded(best.milliseconds)} ms for the probe${times ? `, against ${times}` : ''}.`;
  return take(best.name, devices.get(best.name)!, reason, measured);
}

/** The part of selectBackend's message that says why the one backend failed. */
const whyNot = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/^selectBackend: no backend works here\. \w+: /, '')
    .replace(/\.$/, '');

interface GpuBackend {
  readonly device?: { readonly lost: Promise<{ readonly message: string; readonly reason?: string }>; destroy(): void };
  readonly gpgpu?: { readonly gl: WebGL2RenderingContext };
}
const current = () => tf.backend() as unknown as GpuBackend;

/** Tells when the GPU of the current backend is lost. */
export function watchDevice(onLost: (message: string) => void): void {
  const { device, gpgpu } = current();
  void device?.lost.then(({ message, reason }) => onLost(message || reason || 'no reason given'));
  gpgpu?.gl.canvas.addEventListener('webglcontextlost', () => onLost('the WebGL context was lost'));
}

/** Loses it, for tests. */
export function loseDevice(): void {
  const { device, gpgpu } = current();
  device?.destroy();
  gpgpu?.gl.getExtension('WEBGL_lose_context')?.loseContext();
}
