import { Step, type StepAttrs, type StepInputs } from '@tensorflow/tfjs-core';
import { areFloat, type Named, nativeKernel, type Session } from './native.js';

/** −x / √2: Φ(x) is half of its erfc, which saves the addition that erf needs, and is exact where Φ is small. */
const scaled = (s: Session, x: Parameters<Session['read']>[0]) => s.op('Mul', [s.read(x), s.float(-Math.SQRT1_2)]);

export const gelu = nativeKernel<Named<'x'>>('GssGelu', ({ x }, s) => {
  if (!areFloat(x)) return undefined;
  const twice = s.op('Mul', [s.op('Erfc', [scaled(s, x)]), s.read(x)]);
  return s.give(s.op('Mul', [twice, s.float(0.5)]));
});

/** Φ(x) + x φ(x) = (erfc(v) − v e^(ln(2 / √π) − v²)) / 2 with v = −x / √2. */
export const geluGrad = nativeKernel<Named<'dy' | 'x'>>('GssGeluGrad', ({ dy, x }, s) => {
  if (!areFloat(dy, x)) return undefined;
  const v = scaled(s, x);
  const bell = s.op('Exp', [s.op('Sub', [s.float(Math.log(2 / Math.sqrt(Math.PI))), s.op('Square', [v])])]);
  const twice = s.op('Sub', [s.op('Erfc', [v]), s.op('Mul', [v, bell])]);
  return s.give(s.op('Mul', [s.op('Mul', [twice, s.float(0.5)]), s.read(dy)]));
});

export const reluGrad = nativeKernel<Named<'dy' | 'y'>>('GssReluGrad', ({ dy, y }, s) =>
  areFloat(dy, y) ? s.give(s.op('ReluGrad', [s.read(dy), s.read(y)])) : undefined,
);

/** sign(relu(x)), NaN where x is: two operations for tfjs-node's six. */
export const step = nativeKernel<StepInputs, StepAttrs>(Step, ({ x }, s, { alpha }) =>
  areFloat(x) && !alpha ? s.give(s.op('Sign', [s.op('Relu', [s.read(x)])])) : undefined,
);
