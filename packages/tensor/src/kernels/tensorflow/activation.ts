import { Step, type StepAttrs, type StepInputs } from '@tensorflow/tfjs-core';
import { areFloat, type Named, nativeKernel, type Session } from './native.js';

/** x / √2, the argument of erf in Φ(x) = (1 + erf(x / √2)) / 2. */
const scaled = (s: Session, x: Parameters<Session['read']>[0]) => s.op('Mul', [s.read(x), s.float(Math.SQRT1_2)]);

export const gelu = nativeKernel<Named<'x'>>('GssGelu', ({ x }, s) => {
  if (!areFloat(x)) return undefined;
  const half = s.op('Mul', [s.read(x), s.float(0.5)]);
  const raised = s.op('AddV2', [s.op('Erf', [scaled(s, x)]), s.float(1)]);
  return s.give(s.op('Mul', [half, raised]));
});

/** Φ(x) + x φ(x) = (1 + erf(u) + (2 / √π) u e^(−u²)) / 2 with u = x / √2. */
export const geluGrad = nativeKernel<Named<'dy' | 'x'>>('GssGeluGrad', ({ dy, x }, s) => {
  if (!areFloat(dy, x)) return undefined;
  const u = scaled(s, x);
  const bell = s.op('Exp', [s.op('Neg', [s.op('Square', [u])])]);
  const rise = s.op('Mul', [s.op('Mul', [u, bell]), s.float(2 / Math.sqrt(Math.PI))]);
  const twice = s.op('AddV2', [s.op('AddV2', [s.op('Erf', [u]), s.float(1)]), rise]);
  return s.give(s.op('Mul', [s.op('Mul', [twice, s.float(0.5)]), s.read(dy)]));
});

export const reluGrad = nativeKernel<Named<'dy' | 'y'>>('GssReluGrad', ({ dy, y }, s) =>
  areFloat(dy, y) ? s.give(s.op('ReluGrad', [s.read(dy), s.read(y)])) : undefined,
);

/** sign(relu(x)), NaN where x is: two operations for tfjs-node's six. */
export const step = nativeKernel<StepInputs, StepAttrs>(Step, ({ x }, s, { alpha }) =>
  areFloat(x) && !alpha ? s.give(s.op('Sign', [s.op('Relu', [s.read(x)])])) : undefined,
);
