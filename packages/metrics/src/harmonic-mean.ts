/**
 * h = n / Σ 1/mₖ, the "h. mean" of MSeg over the mIoUs of n test sets (GSS, Table 6). 0 if a value is 0.
 * @throws RangeError if there is no value, or one is negative or not a number
 */
export function harmonicMean(values: ArrayLike<number>): number {
  if (values.length === 0) throw new RangeError('harmonicMean: expected at least one value, got none.');
  let inverse = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= 0)) {
      throw new RangeError(
        `harmonicMean: value ${i} is ${value}, expected a number of at least 0. A set without a defined mIoU has no harmonic mean.`,
      );
    }
    inverse += 1 / value;
  }
  return values.length / inverse;
}
