import { spawnWorker } from '../spawn.js';
import type { BackendInfo, BackendName, EngineOptions } from './api.js';
import { WorkerCrashError, WorkerEnd } from './errors.js';
import { type Link, openLink } from './link.js';
import type { Args, Method, Value } from './protocol.js';

export interface Watch {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What a new worker is told, to be in the state that the last one had. */
export interface Remembered {
  source?: string | readonly File[] | undefined;
  /** Learned weights of which the last are in use. */
  readonly learned: Uint8Array<ArrayBuffer>[];
}

/** One worker at a time: when it ends, the next call has a new one. */
export interface Workers {
  readonly backend: BackendInfo;
  /** How many there were. */
  readonly count: number;
  /** The worker that is there, if one is. */
  readonly link: Link | undefined;
  /**
   * Calls the worker; when that ends meanwhile, once more in a new one (twice for a GPU, the second time on another backend).
   * @throws WorkerCrashError where that does not help
   */
  ask<M extends Method>(method: M, args: Args<M>, watch?: Watch): Promise<Value<M>>;
  dispose(): void;
}

type Options = Pick<EngineOptions, 'worker' | 'backend' | 'threads' | 'wasmPaths' | 'onBackend'>;

/** Starts the first worker. Rejects with WorkerEnd when it does not come up. */
export async function openWorkers(options: Options, remembered: Remembered): Promise<Workers> {
  const make = options.worker ?? spawnWorker;
  const excluded: Partial<Record<BackendName, string>> = {};
  let count = 0;
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
    count += 1;
    const { backend: wanted, threads, wasmPaths } = options;
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
    const { source, learned } = remembered;
    try {
      if (source !== undefined) await made.call('load', { source }, {});
      if (learned.length) await made.call('setCorrection', { weights: learned.at(-1) }, {});
      return made;
    } catch (error) {
      made.terminate(); // the next call tries again from the start
      throw error;
    }
  }

  /** Whether a call that ended with its worker may be made once more; a GPU that was lost twice is left for another backend. */
  function mayRetry(error: WorkerEnd, attempt: number): boolean {
    const again = error.kind === 'device' && attempt === 2 && !options.backend && error.backend !== undefined;
    if (again) excluded[error.backend!] = `its device was lost twice (${error.message})`;
    return error.kind !== 'start' && (attempt === 1 || again);
  }

  async function ask<M extends Method>(method: M, args: Args<M>, watch: Watch = {}): Promise<Value<M>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await (await ready()).call(method, args, watch);
      } catch (error) {
        if (!(error instanceof WorkerEnd) || disposed) throw error;
        watch.signal?.throwIfAborted();
        tellWhy(error);
        if (mayRetry(error, attempt)) continue;
        const what = error.kind === 'start' ? 'ended and could not start again' : 'ended twice';
        throw new WorkerCrashError(
          `${method}: the worker ${what} (${error.message}). Try a smaller image, close other tabs, or choose another backend.`,
        );
      }
    }
  }

  await start();
  return {
    get backend() {
      return backend!;
    },
    get count() {
      return count;
    },
    get link() {
      return link;
    },
    ask,
    dispose() {
      disposed = true;
      link?.terminate();
    },
  };
}
