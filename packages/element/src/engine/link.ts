import type { BackendInfo } from './api.js';
import { revive, WorkerEnd } from './errors.js';
import type { Args, FromWorker, InitMessage, Method, ToWorker, Value } from './protocol.js';

/** One worker's life. */
export interface Link {
  readonly backend: BackendInfo;
  /**
   * One call at a time. An abort is passed on, and the promise settles when the worker has stopped.
   * @throws WorkerEnd when the worker ends before it has answered.
   */
  call<M extends Method>(
    method: M,
    args: Args<M>,
    options: { signal?: AbortSignal | undefined; onProgress?: ((done: number, total: number) => void) | undefined },
  ): Promise<Value<M>>;
  /** False once the worker has died or lost its GPU. */
  readonly alive: boolean;
  /** Settles then; never rejects. */
  readonly ended: Promise<WorkerEnd>;
  test(what: 'error' | 'silent' | 'lose-device'): void;
  terminate(): void;
}

interface Pending {
  readonly resolve: (value: Value<Method>) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((done: number, total: number) => void) | undefined;
}

let locks = 0;
const lockName = () => `gss-engine-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}-${++locks}`;

/** Starts a worker and waits until it has a backend. Rejects with WorkerEnd (`start`) when it does not come up. */
export async function openLink(make: () => Worker, init: Omit<InitMessage, 'type' | 'lock'>): Promise<Link> {
  const worker = make();
  const lock = lockName();
  const pending = new Map<number, Pending>();
  const post = (message: ToWorker) => worker.postMessage(message);
  let backend: BackendInfo | undefined;
  let over: WorkerEnd | undefined;
  let tellEnd: (end: WorkerEnd) => void = () => undefined;
  const ended = new Promise<WorkerEnd>((resolve) => {
    tellEnd = resolve;
  });
  let calls = 0;

  const end = (kind: WorkerEnd['kind'], message: string) => {
    if (over) return;
    over = new WorkerEnd(kind, message, backend?.name);
    worker.terminate();
    for (const { reject } of pending.values()) reject(over);
    pending.clear();
    tellEnd(over);
  };
  worker.addEventListener('error', (event) => {
    event.preventDefault(); // it is told by the call's error, not by the console
    end('crash', event.message || 'its script could not be loaded or run');
  });
  worker.addEventListener('messageerror', () => end('crash', 'it sent what cannot be read'));

  await new Promise<void>((resolve, reject) => {
    void ended.then(reject);
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === 'hello') return post({ ...init, type: 'init', lock });
      if (data.type === 'failed') return end('start', data.message);
      if (data.type === 'lost') return end('device', data.message);
      if (data.type === 'ready') {
        backend = data.backend;
        return resolve();
      }
      const call = pending.get(data.id);
      if (data.type === 'progress') return call?.onProgress?.(data.done, data.total);
      pending.delete(data.id);
      if (data.type === 'done') call?.resolve(data.value);
      else call?.reject(revive(data.name, data.message));
    });
  }).catch((reason: WorkerEnd) => {
    // Before it was ready, whatever ended it is a failed start.
    throw new WorkerEnd('start', reason.message);
  });
  // The browser gives the lock to the page only when the worker that holds it is gone.
  void navigator.locks?.request(lock, async () => end('crash', 'it ended without a word (out of memory?)'));

  return {
    backend: backend as unknown as BackendInfo,
    get alive() {
      return !over;
    },
    ended,
    call: (method, args, { signal, onProgress }) =>
      new Promise((resolve, reject) => {
        if (over) return reject(over);
        const id = ++calls;
        pending.set(id, { resolve: resolve as Pending['resolve'], reject, onProgress });
        const cancel = () => post({ type: 'cancel', id });
        signal?.addEventListener('abort', cancel, { once: true });
        try {
          post({ type: 'call', id, method, args });
        } catch (error) {
          pending.delete(id); // what cannot be cloned, e.g. a closed ImageBitmap
          reject(error);
        }
      }),
    test: (what) => post({ type: 'test', what }),
    terminate: () => end('crash', 'the engine was disposed'),
  };
}
