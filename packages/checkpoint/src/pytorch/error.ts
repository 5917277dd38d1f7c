import { CheckpointError } from '../errors.js';

/** A PyTorch checkpoint is damaged, hostile, or uses what this package refuses to understand. */
export class PyTorchError extends CheckpointError {
  override readonly name = 'PyTorchError';
}
