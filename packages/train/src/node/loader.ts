import { createRequire } from 'node:module';
import type { DatasetSource, TransformSpec } from '@gss/datasets';
import { Piscina } from 'piscina';
import { sampleStream } from '../order.js';
import { LoaderError } from './loader-error.js';
import type { Batch, BatchJob, Unreadable } from './loader-worker.js';

export interface LoaderOptions {
  readonly source: DatasetSource;
  /** Samples of the data set (`(await openDataset(source)).length`). */
  readonly length: number;
  readonly pipeline: readonly TransformSpec[];
  readonly batchSize: number;
  readonly seed: number;
  /** Worker threads, default 1. The batches do not depend on it. */
  readonly workers?: number;
  /** Batches made ahead, default 4. */
  readonly prefetch?: number;
  /** First batch to deliver; a resumed run passes its step. */
  readonly start?: number;
  readonly shuffle?: boolean;
  /** The worker's module, default this package's own. */
  readonly worker?: string;
  /** Leave out samples that cannot be read, taking the next of the data set in their place; default none may be. */
  readonly skip?: SkipOptions | undefined;
}

export interface SkipOptions {
  /** Different samples that may be left out; one more ends the run. */
  readonly max: number;
  /** Called once for each of them. */
  readonly onSkip?: (sample: Unreadable) => void;
}

export interface Loader {
  /** The next batch. */
  next(): Promise<Batch>;
  /** Milliseconds that `next` made its caller wait, in all. */
  readonly waited: number;
  /** Different samples so far that could not be read. */
  readonly unreadable: number;
  close(): Promise<void>;
}

/** Why a worker thread is no more, and what may have been the matter. */
const ended = (error: Error, when: string) =>
  new LoaderError(
    `loader: a worker thread ended ${when} (${error.message}). If memory ran out, take fewer workers or smaller crops; the run goes on from its last checkpoint with --resume.`,
    { cause: error },
  );

/** The error of a batch: a thread's end says so, what the thread threw keeps its message, of our kinds without a stack. */
function explain(error: Error & { code?: string }, batch: string): Error {
  if (error.message.startsWith('worker exited') || error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return ended(error, `while it made ${batch}`);
  // Names of error classes do not survive the way between threads.
  return error.name === 'Error' ? new LoaderError(`loader: ${batch}: ${error.message}`, { cause: error }) : error;
}

/** Batches made in worker threads, ahead of the training step. The stream of batches is a function of the seed alone. */
export function createLoader(options: LoaderOptions): Loader {
  const {
    source,
    length,
    pipeline,
    batchSize,
    seed,
    workers = 1,
    prefetch = 4,
    start = 0,
    shuffle = true,
    skip,
  } = options;
  if (length < 1) throw new RangeError('createLoader: the data set has no sample.');
  const filename = options.worker ?? createRequire(import.meta.url).resolve('@gss/train/loader-worker');
  const pool = new Piscina<BatchJob, Batch>({
    filename,
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: 1,
  });
  const at = sampleStream(seed, length, shuffle);
  const ahead: Promise<Batch>[] = [];
  const skipped = new Map<string, string>();
  // A worker that cannot even start leaves its batches waiting for ever: each is told. (A race against one promise for the whole run would
  // keep every batch that ever won it alive.)
  const pending = new Set<(error: Error) => void>();
  let broken: Error | undefined;
  pool.on('error', (error: Error) => {
    broken ??= ended(error, 'before it made a batch');
    for (const fail of pending) fail(broken);
  });
  /** Counts the samples of a batch that were left out. */
  const count = ({ unreadable = [] }: Batch) => {
    for (const sample of unreadable) {
      if (skipped.has(sample.name)) continue;
      skipped.set(sample.name, sample.reason);
      skip?.onSkip?.(sample);
    }
    if (!skip || skipped.size <= skip.max) return;
    const list = [...skipped].map(([name, reason]) => `\n  ${name}: ${reason}`).join('');
    throw new LoaderError(`loader: ${skipped.size} samples cannot be read, ${skip.max} may be left out.${list}`);
  };
  let made = start;
  let waited = 0;
  const order = () => {
    const samples = Array.from({ length: batchSize }, (_, i) => at(made * batchSize + i));
    made += 1;
    const number = made - 1;
    const batch = new Promise<Batch>((resolve, fail) => {
      if (broken) return fail(broken);
      pending.add(fail);
      pool
        .run({ source, pipeline, seed, samples, ...(skip ? { unreadable: 'skip' } : {}) })
        .then(resolve, (error: Error) =>
          fail(explain(error, `batch ${number} (samples ${samples.map(({ index }) => index).join(', ')})`)),
        )
        .finally(() => pending.delete(fail));
    });
    batch.catch(() => {}); // a failure is thrown by the `next` that reaches it, not as an unhandled rejection before
    ahead.push(batch);
  };
  return {
    async next() {
      while (ahead.length < prefetch) order();
      const began = performance.now();
      const batch = await ahead.shift()!;
      waited += performance.now() - began;
      count(batch);
      order();
      return batch;
    },
    get waited() {
      return waited;
    },
    get unreadable() {
      return skipped.size;
    },
    async close() {
      await Promise.allSettled(ahead); // a batch that arrives after the pool is gone would crash the process
      await pool.destroy();
    },
  };
}
