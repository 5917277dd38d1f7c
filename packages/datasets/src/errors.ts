/** What is wrong with a data set, in a word; `verifyDataset` counts by it. */
export type DatasetProblem =
  | 'missing-root'
  | 'missing-file'
  | 'bad-classes'
  | 'unknown-split'
  | 'empty-split'
  | 'missing-partner'
  | 'duplicate-name'
  | 'unreadable-image'
  | 'unreadable-label'
  | 'too-large'
  | 'palette-png'
  | 'wrong-channels'
  | 'unknown-id'
  | 'size-mismatch'
  | 'bad-source';

/** A data set that cannot be read: `message` names the file, the value and the remedy. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  constructor(
    readonly problem: DatasetProblem,
    message: string,
    /** The file or folder at fault, where there is one. */
    readonly file?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
