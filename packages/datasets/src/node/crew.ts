import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { DatasetError } from '../errors.js';
import type { DatasetSource } from '../source.js';
import type { SegmentationDataset } from '../types.js';
import { runPool } from './pool.js';
import { runTask, type TaskName, type TaskOptions, type TaskResult } from './tasks.js';
import type { Answer, Job } from './worker.js';

/** How work on many samples is spread; the results do not depend on it. */
export interface CrewOptions {
  /** Worker threads; 1 works in this thread. Default: one a core, fewer where a thread would get less than 32 samples. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** The worker's module, default this package's own. */
  readonly worker?: string;
}

/** Samples that are under way at once per thread: one waits for its file while another computes. */
const perThread = 2;

export interface Crew {
  run<N extends TaskName>(task: N, index: number, options: TaskOptions<N>): Promise<TaskResult<N>>;
  /** `body` for the positions 0..count-1, many at once; stops at the first error and when the signal is aborted. */
  each(count: number, body: (index: number) => Promise<void>): Promise<void>;
}

/**
 * Lends `use` a crew of worker threads for the samples of an opened data set, and dismisses it whatever happens. Each thread
 * opens the source itself.
 * @throws RangeError for a number of workers that is no integer ≥ 1.
 */
export async function withCrew<T>(
  source: DatasetSource,
  dataset: SegmentationDataset,
  { workers = defaultWorkers(dataset.length), signal, worker }: CrewOptions,
  use: (crew: Crew) => Promise<T>,
): Promise<T> {
  if (!Number.isInteger(workers) || workers < 1)
    throw new RangeError(`workers is ${workers}; expected an integer ≥ 1.`);
  const each: Crew['each'] = (count, body) => runPool(count, workers === 1 ? 4 : workers * perThread, body, signal);
  if (workers === 1) return use({ run: (task, index, options) => runTask(task, dataset, index, options), each });
  const pool = new Piscina<Job, Answer>({
    filename: worker ?? createRequire(import.meta.url).resolve('@gss/datasets/worker'),
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: perThread,
  });
  const run: Crew['run'] = async <N extends TaskName>(task: N, index: number, options: TaskOptions<N>) => {
    const answer = (await pool.run({ source, task, index, options } as Job)) as Answer<N>;
    if ('result' in answer) return answer.result as TaskResult<N>;
    const { problem, message, file } = answer.failed;
    throw new DatasetError(problem, message, file);
  };
  try {
    return await use({ run, each });
  } finally {
    await pool.destroy();
  }
}

const defaultWorkers = (samples: number) => Math.max(1, Math.min(availableParallelism(), Math.floor(samples / 32)));
