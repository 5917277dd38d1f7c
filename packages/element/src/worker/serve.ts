import type { FromWorker, InitMessage, Method, ToWorker } from '../engine/protocol.js';
import { chooseBackend, loseDevice, watchDevice } from './backends.js';
import { createHost } from './host.js';
import type { WorkerScope } from './scope.js';

const messageOf = (error: unknown) =>
  error instanceof Error ? error.message : ((error as { message?: string } | null)?.message ?? String(error));

/** Holds a lock until the worker is gone. */
function hold(lock: string): Promise<void> {
  const { locks } = navigator;
  if (!locks) return Promise.resolve(); // not a secure context: only loud deaths are seen
  return new Promise((resolve) => {
    void locks.request(lock, () => {
      resolve();
      return new Promise<void>(() => undefined);
    });
  });
}

/**
 * Answers messages until the worker is terminated. Calls come one at a time; a `cancel` may come while one runs.
 * @param wasmFolder where the .wasm files are unless the page says otherwise.
 */
export function serve(scope: WorkerScope, wasmFolder: string): void {
  const host = createHost();
  const running = new Map<number, AbortController>();
  let lost: string | undefined;
  const post = (message: FromWorker, transfer: Transferable[] = []) => scope.postMessage(message, transfer);
  const lose = (message: string) => {
    lost ??= message;
    post({ type: 'lost', message: lost });
  };

  async function init(message: InitMessage): Promise<void> {
    try {
      await hold(message.lock);
      const backend = await chooseBackend({ ...message, wasmPaths: message.wasmPaths ?? wasmFolder });
      watchDevice(lose);
      post({ type: 'ready', backend });
    } catch (error) {
      post({ type: 'failed', message: messageOf(error) });
    }
  }

  async function answer(id: number, method: Method, args: never): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    const progress = (done: number, total: number) => post({ type: 'progress', id, done, total });
    try {
      const { value, transfer } = await host[method](args, { signal: controller.signal, progress });
      // A lost device gives zeros before it says that it is lost.
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (!lost) post({ type: 'done', id, value }, transfer);
    } catch (error) {
      await new Promise((resolve) => setTimeout(resolve, 20)); // what failed because the device was lost is told as that
      if (!lost) post({ type: 'error', id, name: (error as Error)?.name ?? 'Error', message: messageOf(error) });
    } finally {
      running.delete(id);
    }
  }

  scope.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
    if (data.type === 'init') void init(data);
    else if (data.type === 'call') void answer(data.id, data.method, data.args as never);
    else if (data.type === 'cancel') running.get(data.id)?.abort();
    else if (data.what === 'lose-device') loseDevice();
    else if (data.what === 'silent') scope.close();
    else
      setTimeout(() => {
        throw new Error('a test let the worker crash');
      });
  });
  post({ type: 'hello' });
}
