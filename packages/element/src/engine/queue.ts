/** Runs tasks one after another, in the order in which they came. */
export interface Queue {
  /**
   * The task's outcome. When the signal aborts, the promise rejects at once with its reason; a task that waits is then never
   * started, one that runs is left to stop by itself, and the next waits for it.
   */
  add<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Rejects everything that runs or waits, and all that comes later. */
  close(error: Error): void;
}

export function createQueue(): Queue {
  let tail: Promise<unknown> = Promise.resolve();
  let closed: Error | undefined;
  const rejects = new Set<(error: unknown) => void>();
  return {
    add(task, signal) {
      if (closed) return Promise.reject(closed);
      if (signal?.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const abort = () => reject(signal?.reason);
        rejects.add(reject);
        signal?.addEventListener('abort', abort, { once: true });
        const run = async () => {
          if (closed || signal?.aborted) return;
          await task().then(resolve, reject);
        };
        tail = tail.then(run).finally(() => {
          rejects.delete(reject);
          signal?.removeEventListener('abort', abort);
        });
      });
    },
    close(error) {
      closed ??= error;
      for (const reject of rejects) reject(closed);
    },
  };
}
