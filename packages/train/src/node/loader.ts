import { createRequire } from 'node:module';
import type { DatasetSource, TransformSpec } from '@gss/datasets';
import { Piscina } from 'piscina';
import { sampleStream } from '../order.js';
import type { Batch, BatchJob } from './loader-worker.js';

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
}

export interface Loader {
  /** The next batch. */
  next(): Promise<Batch>;
  /** Milliseconds that `next` made its caller wait, in all. */
  readonly waited: number;
  close(): Promise<void>;
}

/** Batches made in worker threads, ahead of the training step. The stream of batches is a function of the seed alone. */
export function createLoader(options: LoaderOptions): Loader {
  const { source, length, pipeline, batchSize, seed, workers = 1, prefetch = 4, start = 0, shuffle = true } = options;
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
  let made = start;
  let waited = 0;
  const order = () => {
    const samples = Array.from({ length: batchSize }, (_, i) => at(made * batchSize + i));
    made += 1;
    const batch = pool.run({ source, pipeline, seed, samples });
    batch.catch(() => {}); // a failure is thrown by the `next` that reaches it, not as an unhandled rejection before
    ahead.push(batch);
  };
  return {
    async next() {
      while (ahead.length < prefetch) order();
      const began = performance.now();
      const batch = await ahead.shift()!;
      waited += performance.now() - began;
      order();
      return batch;
    },
    get waited() {
      return waited;
    },
    async close() {
      await Promise.allSettled(ahead); // a batch that arrives after the pool is gone would crash the process
      await pool.destroy();
    },
  };
}
