export {
  type CheckpointInfo,
  listCheckpoints,
  loadCheckpoint,
  type RunOptimizers,
  saveCheckpoint,
} from './checkpoints.js';
export { createLoader, type Loader, type LoaderOptions } from './loader.js';
export { type Batch, type BatchJob, collate, makeBatch } from './loader-worker.js';
export { openRunLogger, type RunLogger } from './logger.js';
export {
  type BatchStream,
  DivergedError,
  type Phase,
  type Progress,
  type TrainLoopOptions,
  type TrainLoopResult,
  trainLoop,
} from './loop.js';
