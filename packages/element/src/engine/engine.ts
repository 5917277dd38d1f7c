import type { Engine, EngineOptions, ModelInfo } from './api.js';
import type { Args, Method } from './protocol.js';
import { createQueue } from './queue.js';
import { openWorkers, type Remembered, type Watch, type Workers } from './workers.js';

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
  const queue = createQueue();
  const remembered: Remembered = { learned: [] };
  const { learned } = remembered;
  let model: ModelInfo | undefined;
  let workers: Workers;
  try {
    workers = await openWorkers({ ...options, wasmPaths: absolutePaths(options.wasmPaths) }, remembered);
  } catch (error) {
    throw new Error(`createEngine: the worker could not start: ${(error as Error).message}`);
  }
  const { ask } = workers;
  const enqueue = <M extends Method>(method: M, args: Args<M>, watch: Watch = {}) =>
    queue.add(() => ask(method, args, watch), watch.signal);
  const needModel = (method: string) => {
    if (!model) throw new Error(`${method}: no model is loaded. Call load(url) first.`);
  };

  return {
    get backend() {
      return workers.backend;
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
        remembered.source = next;
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
        remembered.source = undefined;
        model = undefined;
        learned.length = 0;
        if (workers.link?.alive) await ask('unload', {});
      }),
    dispose() {
      queue.close(new Error('the engine was disposed'));
      workers.dispose();
    },
    diagnostics: {
      memory: () => enqueue('memory', {}),
      crash: (how = 'error') => workers.link?.test(how),
      loseDevice: () => workers.link?.test('lose-device'),
      get workers() {
        return workers.count;
      },
    },
  };
}
