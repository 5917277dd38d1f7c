/**
 * Every way in which provisioning fails, as a stable word:
 *
 * | code | meaning |
 * | --- | --- |
 * | `UNSUPPORTED_PLATFORM` | no TensorFlow wheel fits this system, processor or C library |
 * | `PACKAGE_NOT_FOUND` | the project has no `@tensorflow/tfjs-node-gpu` |
 * | `NO_PYPI_CLIENT` | neither pip nor uv is on the PATH, or all are too old |
 * | `NO_COMPILER` | no C++ compiler is on the PATH |
 * | `NETWORK` | the client could not reach its package index |
 * | `NO_SUCH_VERSION` | the index has no such wheel |
 * | `CLIENT_FAILED` | the client failed for another reason; its last lines are in the message |
 * | `BAD_WHEEL` | not a wheel, damaged, or without the files that are needed |
 * | `HASH_MISMATCH` | bytes differ from the pinned, recorded or cached hash |
 * | `DISK_FULL` | not enough space, found before writing where possible |
 * | `NO_PERMISSION` | a folder or file may not be written |
 * | `BUILD_FAILED` | the compiler rejected the binding |
 * | `NOT_PROVISIONED` | `loadNative` was called before `installNative` |
 * | `LOAD_FAILED` | the binding is there, but does not load |
 * | `BAD_OPTION` | an option has a value that means nothing |
 * | `ABORTED` | the caller's signal was aborted |
 */
export type NativeErrorCode =
  | 'UNSUPPORTED_PLATFORM'
  | 'PACKAGE_NOT_FOUND'
  | 'NO_PYPI_CLIENT'
  | 'NO_COMPILER'
  | 'NETWORK'
  | 'NO_SUCH_VERSION'
  | 'CLIENT_FAILED'
  | 'BAD_WHEEL'
  | 'HASH_MISMATCH'
  | 'DISK_FULL'
  | 'NO_PERMISSION'
  | 'BUILD_FAILED'
  | 'NOT_PROVISIONED'
  | 'LOAD_FAILED'
  | 'BAD_OPTION'
  | 'ABORTED';

/** A failure of @gss/native: the message says who, what was expected, what came and what to do; `code` is for programs. */
export class NativeError extends Error {
  override readonly name = 'NativeError';

  constructor(
    readonly code: NativeErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

const errno = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** True for a failed system call with this code, for instance `isErrno(error, 'ENOENT')`. */
export const isErrno = (error: unknown, ...codes: readonly string[]): boolean => codes.includes(errno(error) ?? '');

/** Turns a system error into a NativeError where its code has a meaning here; anything else is passed through. */
export function asNativeError(error: unknown, doing: string): unknown {
  if (error instanceof NativeError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  if (isErrno(error, 'ENOSPC', 'EDQUOT'))
    return new NativeError(
      'DISK_FULL',
      `native: ${doing}: the disk is full (${detail}). Free some space, or set GSS_CACHE to a folder on a larger disk.`,
      { cause: error },
    );
  if (isErrno(error, 'EACCES', 'EPERM', 'EROFS'))
    return new NativeError(
      'NO_PERMISSION',
      `native: ${doing}: not allowed (${detail}). Run as the user who owns that folder, or set GSS_CACHE to one you may write.`,
      { cause: error },
    );
  if (isErrno(error, 'ABORT_ERR') || (error instanceof Error && error.name === 'AbortError'))
    return new NativeError(
      'ABORTED',
      `native: ${doing}: stopped by the caller. Nothing half-written was left; run it again to go on.`,
      { cause: error },
    );
  return error;
}

/** Runs `work` and rethrows its system errors as NativeErrors. */
export async function explained<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asNativeError(error, doing);
  }
}
