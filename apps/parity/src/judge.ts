import type { Check } from './family.js';

/** A comparison, judged. */
export interface Verdict {
  readonly name: string;
  readonly values: number;
  /** Largest |a − b| (0 where both are NaN or the same infinity). */
  readonly error: number;
  /** What the error may be; 0 for exact. */
  readonly bound: number;
  readonly passed: boolean;
  /** Why it failed when the error alone does not say it. */
  readonly problem?: string;
}

// Floating point: |a − b| is itself rounded, so that an error equal to its bound in decimals may lie one unit above it.
const slack = 1 + 1e-9;

/** |a − b|, where equal NaN and equal infinities differ by 0, and a NaN or an infinity on one side only by ∞. */
function difference(a: number, b: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  const distance = Math.abs(a - b);
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

/** Holds a check against its bound: atol + rtol · max|expected|, by default those of the golden README. */
export function judge({ name, actual, expected, exact, atol = 1e-5, rtol = 1e-4, note }: Check): Verdict {
  const values = expected.length;
  if (actual.length !== values) {
    const problem = `has ${actual.length} values, expected ${values}`;
    return { name, values, error: Number.POSITIVE_INFINITY, bound: 0, passed: false, problem };
  }
  let error = 0;
  let scale = 0;
  for (let i = 0; i < values; i++) {
    const distance = difference(actual[i]!, expected[i]!);
    if (distance > error) error = distance;
    const size = Math.abs(expected[i]!);
    if (size > scale && size < Number.POSITIVE_INFINITY) scale = size;
  }
  const bound = exact ? 0 : atol + rtol * scale;
  const passed = error <= bound * slack;
  return { name, values, error, bound, passed, ...(note && !passed ? { problem: note } : {}) };
}

/** How much of its bound an error takes: 1 is just allowed, ∞ an inexact value that had to be exact. */
export const share = ({ error, bound }: Verdict): number => (error === 0 ? 0 : error / bound);
