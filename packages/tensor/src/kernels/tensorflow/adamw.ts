import { util } from '@tensorflow/tfjs-core';
import { areFloat, type Handle, type Named, nativeKernel, type Session } from './native.js';

interface AdamWAttrs {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly step: number;
}

/** What TensorFlow calls a variable that no other can find (`ResourceHandle::ANONYMOUS_NAME`). */
const anonymous = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';

/** A TensorFlow variable of this value. Operations change it in place, or a copy where somebody else holds the value too. */
function variableOf(session: Session, value: Handle): Handle {
  const dtype = { type: value.dtype };
  const shape = { shape: value.shape };
  const variable = session.op('VarHandleOp', [], { dtype, shape, container: '', shared_name: anonymous });
  session.run('AssignVariableOp', [variable, value], 0, { dtype });
  return variable;
}

type Inputs = Named<'param' | 'gradient' | 'm' | 'v' | 'learningRate' | 'weightDecay'>;

/**
 * `ResourceApplyAdam`, one pass over memory for the composition's thirteen. It adds ε to √v before the bias of v is corrected,
 * PyTorch after it: ε · √(1 − β₂ᵗ) makes both the same. Where each element has its own rate, the move is made from 0 at rate 1.
 */
export const adamW = nativeKernel<Inputs, AdamWAttrs>('GssAdamW', (inputs, session, attrs) => {
  const { param, gradient, m, v, learningRate, weightDecay } = inputs;
  if (!areFloat(param, gradient, m, v, learningRate, weightDecay)) return undefined;
  const { beta1, beta2, epsilon, step } = attrs;
  const type = { type: session.backend.binding.TF_FLOAT };
  const [rate, one] = [session.read(learningRate), session.float(1)];
  const kept = session.op('Sub', [one, session.op('Mul', [rate, session.read(weightDecay)])]);
  const decayed = session.op('Mul', [session.read(param), kept]);
  const shared = util.sizeFromShape(learningRate.shape) === 1;
  const start = shared ? decayed : session.op('ZerosLike', [decayed]);
  const variables = [start, session.read(m), session.read(v)].map((value) => variableOf(session, value));
  session.drop(start);
  // Rate and corrections of bias in one number: the operation would take 1 − βᵗ in float32, where 1 − 0.999 loses five digits.
  const corrected = session.scalar(Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step));
  const alpha = shared ? session.reshape(session.op('Mul', [rate, corrected]), []) : corrected;
  const zero = session.float(0);
  const rest = [session.float(beta1), session.float(beta2), session.scalar(epsilon * Math.sqrt(1 - beta2 ** step))];
  session.run('ResourceApplyAdam', [...variables, zero, zero, alpha, ...rest, session.read(gradient)], 0, {
    T: type,
    use_locking: false,
    use_nesterov: false,
  });
  const [moved, ...moments] = variables.map((variable) => session.op('ReadVariableOp', [variable], { dtype: type }));
  // Older TensorFlow keeps a variable until it is told; 2.21 frees it with its last handle.
  for (const variable of variables) session.run('DestroyResourceOp', [variable], 0, { ignore_lookup_error: true });
  const next = shared ? moved! : session.op('AddV2', [decayed, session.op('Mul', [rate, moved!])]);
  return [next, ...moments].map((handle) => session.give(handle, param.shape));
});
