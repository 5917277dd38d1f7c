import { areFloat, type Named, nativeKernel } from './native.js';

export const relu6Grad = nativeKernel<Named<'dy' | 'y'>>('GssRelu6Grad', ({ dy, y }, s) =>
  areFloat(dy, y) ? s.give(s.op('Relu6Grad', [s.read(dy), s.read(y)])) : undefined,
);
