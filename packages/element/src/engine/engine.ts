import { spawnWorker } from '../spawn.js';
import type { BackendInfo, BackendName, Engine, EngineOptions, ModelInfo } from './api.js';
import { WorkerCrashError, WorkerEnd } from './errors.js';
import { type Link, openLink } from './link.js';
import type { Args, Method, Value } from './protocol.js';
import { createQueue } from './queue.js';

interface Watch {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** URLs as the page reads them: a worker resolves relative ones against its own file. */
const absolute = (url: string) => new URL(url, document.baseURI).href;
function absolutePaths(paths: EngineOptions['wasmPaths']): EngineOptions['wasmPaths'] {
  if (paths === undefined || typeof paths === 'string') return paths && absolute(paths);
  return Object.fromEntries(Object.entries(paths).map(([name, url]) => [name, absolute(url)]));
}

/**
 * Starts the worker and its backend: WebGPU, WebGL or wasm, whichever computes fastest here.
 * @throws Error when none works, or the one asked for does not; it says why each failed.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const make = options.worker ?? spawnWorker;
  const wasmPaths = absolutePaths(options.wasmPaths);
  const excluded: Partial<Record<BackendName, string>> = {};
  const queue = createQueue();
  const learned: Uint8Array<ArrayBuffer>[] = [];
  let source: string | readonly File[] | undefined;
  let model: ModelInfo | undefined;
  let workers = 0;
  let disposed = false;
  let backend: BackendInfo | undefined;
  let link: Link | undefined;
  /** What ended the last worker. */
  let why = '';

  const tellWhy = ({ kind, message }: WorkerEnd) => {
    why = kind === 'device' ? `the GPU device was lost (${message})` : `a worker died (${message})`;
  };

  /** A worker with a backend; after the first, one like the last. */
  async function start(): Promise<Link> {
    workers += 1;
    const { backend: wanted, threads } = options;
    const made = await openLink(make, { backend: wanted, prefer: backend?.name, excluded, wasmPaths, threads });
    if (disposed) made.terminate();
    void made.ended.then(tellWhy);
    const before = backend;
    backend = before
      ? { ...made.backend, measured: before.measured, reason: `${made.backend.reason} Restarted: ${why}.` }
      : made.backend;
    link = made;
    if (before) options.onBackend?.(backend);
    return made;
  }

  /** The worker that is there, or a new one in the state that the last one had. */
  async function ready(): Promise<Link> {
    if (link?.alive) return link;
    const made = await start();
    try {
      if (source !== undefined) await made.call('load', { source }, {});
      if (learned.length) await made.call('setCorrection', { weights: learned.at(-1) }, {});
      return made;
    } catch (error) {
      made.terminate(); // the next call tries again from the start
      throw error;
    }
  }

  /** Calls the worker; when that ends meanwhile, once more in a new one (twice for a GPU, the second time on another backend). */
  async function ask<M extends Method>(method: M, args: Args<M>, watch: Watch = {}): Promise<Value<M>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await (await ready()).call(method, args, watch);
      } catch (error) {
        if (!(error instanceof WorkerEnd) || disposed) throw error;
        watch.signal?.throwIfAborted();
        tellWhy(error);
        const again = error.kind === 'device' && attempt === 2 && !options.backend && error.backend !== undefined;
        if (again) excluded[error.backend!] = `its device was lost twice (${error.message})`;
        if (error.kind === 'start' || (attempt > 1 && !again)) {
          const what = error.kind === 'start' ? 'ended and could not start again' : 'ended twice';
          throw new WorkerCrashError(
            `${method}: the worker ${what} (${error.message}). Try a smaller image, close other tabs, or choose another backend.`,
          );
        }
      }
    }
  }
  const enqueue = <M extends Method>(method: M, args: Args<M>, watch: Watch = {}) =>
    queue.add(() => ask(method, args, watch), watch.signal);
  const needModel = (method: string) => {
    if (!model) throw new Error(`${method}: no model is loaded. Call load(url) first.`);
  };

  try {
    await start();
  } catch (error) {
    throw new Error(`createEngine: the worker could not start: ${(error as Error).message}`);
  }

  return {
    get backend() {
      return backend as BackendInfo;
    },
    get model() {
      return model;
    },
    get learned() {
      return learned.length;
    },
    load: (from, { signal, onProgress } = {}) => {
      const next = typeof from === 'string' ? absolute(from) : [...from];
      return queue.add(async () => {
        const info = await ask('load', { source: next }, { signal, onProgress });
        source = next;
        model = info;
        learned.length = 0;
        return info;
      }, signal);
    },
    async segment(image, { signal, onProgress, scores, augment } = {}) {
      needModel('segment');
      return enqueue('segment', { image, scores, augment }, { signal, onProgress });
    },
    async sample(image, { signal, onProgress, count, temperature, topK, seed } = {}) {
      needModel('sample');
      return enqueue('sample', { image, count, temperature, topK, seed }, { signal, onProgress });
    },
    async recode(labels, { signal } = {}) {
      needModel('recode');
      return enqueue('recode', { labels }, { signal });
    },
    async decode(tokens, { signal } = {}) {
      needModel('decode');
      return enqueue('decode', { tokens }, { signal });
    },
    async learn(examples, { steps = 100, lr = 0.02, signal, onStep } = {}) {
      needModel('learn');
      return queue.add(async () => {
        const { weights, ...found } = await ask('learn', { examples, steps, lr }, { signal, onProgress: onStep });
        signal?.throwIfAborted();
        await ask('setCorrection', { weights });
        learned.push(weights);
        return found;
      }, signal);
    },
    undo: () =>
      queue.add(async () => {
        if (learned.length === 0) return;
        await ask('setCorrection', { weights: learned.at(-2) });
        learned.pop();
      }),
    async exportWeights() {
      const weights = learned.at(-1);
      if (!weights) throw new Error('exportWeights: nothing was learned yet. Call learn(examples) first.');
      return new Blob([weights], { type: 'application/octet-stream' });
    },
    unload: () =>
      queue.add(async () => {
        source = undefined;
        model = undefined;
        learned.length = 0;
        if (link?.alive) await ask('unload', {});
      }),
    dispose() {
      disposed = true;
      queue.close(new Error('the engine was disposed'));
      link?.terminate();
    },
    diagnostics: {
      memory: () => enqueue('memory', {}),
      crash: (how = 'error') => link?.test(how),
      loseDevice: () => link?.test('lose-device'),
      get workers() {
        return workers;
      },
    },
  };
}
