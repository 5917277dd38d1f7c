import type { BackendName } from './api.js';

/** A worker that ended while it was needed, and its replacement too. */
export class WorkerCrashError extends Error {
  override readonly name = 'WorkerCrashError';
}

/** Why a worker is of no more use; never leaves the engine. */
export class WorkerEnd extends Error {
  override readonly name = 'WorkerEnd';
  constructor(
    /** `device`: it lost its GPU. `crash`: it died. `start`: it never came up. */
    readonly kind: 'device' | 'crash' | 'start',
    message: string,
    readonly backend?: BackendName | undefined,
  ) {
    super(message);
  }
}

/** An error of the worker, made anew on the page under its name. */
export function revive(name: string, message: string): Error {
  const make = { RangeError, TypeError }[name] ?? Error;
  const error = new make(message);
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name });
  return error;
}
