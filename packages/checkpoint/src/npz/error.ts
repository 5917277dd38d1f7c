import { CheckpointError } from '../errors.js';

/** An .npz file is damaged, hostile, or holds what this package refuses to understand. */
export class NpzError extends CheckpointError {
  override readonly name = 'NpzError';
}
