import { areFloat, type Named, nativeKernel } from './native.js';

/** `L2Loss`, half the sum, in one pass that stores nothing: a fifth of the time of a square and a sum. Doubling is exact. */
export const sumOfSquares = nativeKernel<Named<'x'>>('GssSumOfSquares', ({ x }, s) => {
  if (!areFloat(x)) return undefined;
  return s.give(s.op('Mul', [s.op('L2Loss', [s.read(x)]), s.float(2)]));
});
