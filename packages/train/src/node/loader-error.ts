/** A batch that cannot be made: a sample that cannot be read, too many of them, or a worker thread that ended. */
export class LoaderError extends Error {
  override readonly name = 'LoaderError';
}
