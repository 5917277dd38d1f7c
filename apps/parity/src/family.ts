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
}

/** All fixtures whose name starts with `prefix`; everything else is read from the fixture's manifest. */
export interface Family {
  readonly prefix: string;
  run(golden: Golden): Promise<Check[]> | Check[];
}
