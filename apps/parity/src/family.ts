import type { Golden } from '@gss/testing';

/** One comparison with a number (or map of numbers) that the reference computed. */
export interface Check {
  readonly name: string;
  readonly actual: ArrayLike<number>;
  readonly expected: ArrayLike<number>;
  /** Every value must be equal. */
  readonly exact?: boolean;
  /** |a − b| ≤ atol + rtol · max|b|; what is left out is the default of golden/README.md. */
  readonly atol?: number;
  readonly rtol?: number;
  /** Printed if it fails: what differs, where the numbers alone do not tell. */
  readonly note?: string;
}

/** All fixtures whose name starts with `prefix`; everything else is read from the fixture's manifest. */
export interface Family {
  readonly prefix: string;
  /** The manifest is all there is: no tensors. */
  readonly manifestOnly?: boolean;
  run(golden: Golden): Promise<Check[]> | Check[];
}

/** Fixtures that are a sub-folder of files in a form of their own; a folder of that name may also be given itself. */
export interface FolderFamily {
  readonly folder: string;
  /** Names of the fixtures in the folder at `path`. */
  list(path: string): readonly string[];
  run(path: string, name: string): Promise<Check[]> | Check[];
}

/** A fixture of a known family with something in it that does not exist here. */
export class NotImplementedError extends Error {
  override readonly name = 'NotImplementedError';
}
