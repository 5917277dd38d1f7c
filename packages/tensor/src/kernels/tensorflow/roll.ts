import { areFloat, type Named, nativeKernel } from './native.js';

/** One copy for the two of each axis that cutting and joining take. */
export const roll = nativeKernel<Named<'x'>, { dy: number; dx: number }>('GssRoll', ({ x }, s, { dy, dx }) =>
  areFloat(x) ? s.give(s.op('Roll', [s.read(x), s.ints([dy, dx]), s.ints([1, 2])])) : undefined,
);
