import { DatasetError, type DatasetProblem } from '../errors.js';
import type { DatasetSource } from '../source.js';
import { openCached } from './open-cached.js';
import { runTask, type TaskName, type TaskOptions, type TaskResult } from './tasks.js';

/** One sample's work for a thread. */
export interface Job<N extends TaskName = TaskName> {
  readonly source: DatasetSource;
  readonly task: N;
  readonly index: number;
  readonly options: TaskOptions<N>;
}

/** A `DatasetError` loses its class on the way between threads, so it travels as data. */
export type Answer<N extends TaskName = TaskName> =
  | { readonly result: TaskResult<N> }
  | { readonly failed: { readonly problem: DatasetProblem; readonly message: string; readonly file?: string } };

/** Entry of a worker thread. */
export default async function run<N extends TaskName>({ source, task, index, options }: Job<N>): Promise<Answer<N>> {
  try {
    return { result: await runTask(task, await openCached(source), index, options) };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    const { problem, message, file } = error;
    return { failed: { problem, message, ...(file === undefined ? {} : { file }) } };
  }
}
