export type { Best } from './best.js';
export {
  type CheckpointInfo,
  listCheckpoints,
  loadCheckpoint,
  type RunOptimizers,
  type Stateful,
  saveCheckpoint,
} from './checkpoints.js';
export { DivergedError, type DivergenceOptions } from './diverged.js';
export { createLoader, type Loader, type LoaderOptions, type SkipOptions } from './loader.js';
export { LoaderError } from './loader-error.js';
export { type Batch, type BatchJob, collate, makeBatch, type Unreadable } from './loader-worker.js';
export { openRunLogger, type RunLogger } from './logger.js';
export { trainLoop } from './loop.js';
export type { BatchStream, Evaluated, Phase, Progress, TrainLoopOptions, TrainLoopResult } from './loop-options.js';
