/** Bad input or a refused request: the message is all that a user needs; no stack is shown. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Errors of ours whose message says who, what and the remedy. Anything else is a bug and keeps its stack. */
const expected = new Set([
  'UsageError',
  'BackendError',
  'DivergedError',
  'LoaderError',
  'DatasetError',
  'CheckpointError',
  'SafetensorsError',
  'WeightsError',
  'ShapeError',
  'OutOfMemoryError',
  'MissingKernelsError',
  'ModelConfigError',
  'NativeError',
  'WeightsFetchError',
  'PyTorchError',
  'NpzError',
  'PaletteError',
]);

const systemAdvice: Record<string, string> = {
  ENOSPC: 'The disk is full. Free some space or choose another folder; what was saved before is intact.',
  EACCES: 'No permission. Choose a folder that you may write to, or change its permissions.',
  EPERM: 'No permission. Choose a folder that you may write to, or change its permissions.',
  EROFS: 'The file system is read-only. Choose another folder.',
  ENOENT: 'It does not exist. Check the path.',
  EISDIR: 'It is a folder, a file was expected.',
  ENOTDIR: 'A part of the path is a file, a folder was expected.',
  EDQUOT: 'The disk quota is used up. Free some space or choose another folder.',
};

/** One message for people; unexpected errors come with their stack, so that they can be reported. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  if (code && systemAdvice[code] && 'syscall' in error)
    return `${path ?? 'file'}: ${error.message}. ${systemAdvice[code]}`;
  const named = expected.has(error.name) || [...expected].some((name) => error.constructor.name === name);
  if (named || error instanceof RangeError || error instanceof TypeError) {
    return process.env.GSS_DEBUG ? (error.stack ?? error.message) : error.message;
  }
  return error.stack ?? error.message;
}
