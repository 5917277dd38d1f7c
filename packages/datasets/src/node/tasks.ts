import type { SegmentationDataset } from '../types.js';
import { encodeSample, writePair } from './encode-sample.js';
import { inspectSample } from './inspect-sample.js';
import { labelVariants } from './label-variants.js';

/** What a worker thread does with one sample; every argument and result is plain data. */
export const tasks = { inspectSample, encodeSample, writePair, labelVariants } as const;

export type TaskName = keyof typeof tasks;
/** Arguments of a task after the data set and the position. */
export type TaskOptions<N extends TaskName> = Parameters<(typeof tasks)[N]>[2];
export type TaskResult<N extends TaskName> = Resolved[N];
type Resolved = { [N in TaskName]: Awaited<ReturnType<(typeof tasks)[N]>> };

/** Runs a task by name on an opened data set. */
export const runTask = <N extends TaskName>(
  name: N,
  dataset: SegmentationDataset,
  index: number,
  options: TaskOptions<N>,
): Promise<TaskResult<N>> =>
  (tasks[name] as (d: SegmentationDataset, i: number, o: TaskOptions<N>) => Promise<TaskResult<N>>)(
    dataset,
    index,
    options,
  );
