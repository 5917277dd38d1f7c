import type { BackendName, Engine, EngineOptions, LoadOptions } from '../engine/api.js';
import { createEngine } from '../engine/engine.js';

/** An engine that several elements use. */
interface Shared {
  readonly engine: Promise<Engine>;
  users: number;
}
const shared = new Map<string, Shared>();

/** An engine with a model, and how to give it back. */
export interface Lease {
  readonly engine: Promise<Engine>;
  release(): void;
}

/**
 * One engine for all elements with the same model and backend; the first starts it, and it ends when the last gives it back. `model` is
 * an absolute URL.
 */
export function leaseEngine(
  model: string,
  backend: BackendName | undefined,
  options: EngineOptions,
  onProgress: LoadOptions['onProgress'],
): Lease {
  const key = `${backend ?? 'fastest'} ${model}`;
  let entry = shared.get(key);
  if (!entry) {
    const engine = createEngine({ ...options, ...(backend ? { backend } : {}) }).then(async (engine) => {
      try {
        await engine.load(model, onProgress ? { onProgress } : {});
        return engine;
      } catch (error) {
        engine.dispose();
        throw error;
      }
    });
    entry = { engine, users: 0 };
    shared.set(key, entry);
    engine.catch(() => shared.delete(key)); // the next element tries again
  }
  const mine = entry;
  mine.users += 1;
  let held = true;
  return {
    engine: mine.engine,
    release() {
      if (!held) return;
      held = false;
      mine.users -= 1;
      // An element that is moved in the page is taken out and put back at once: the engine outlives that.
      setTimeout(() => {
        if (mine.users > 0 || shared.get(key) !== mine) return;
        shared.delete(key);
        void mine.engine.then((engine) => engine.dispose()).catch(() => undefined);
      });
    },
  };
}
