import { areFloat, type Handle, type Named, nativeKernel, rowsOf, type Session } from './native.js';

/** [rows, 2]: each row with its class, class 0 for numbers that are none; and which rows those with a class are. */
function places(s: Session, targets: Handle, rows: number, classes: number) {
  const zero = s.int(0);
  const above = s.op('GreaterEqual', [targets, zero]);
  const real = s.op('LogicalAnd', [above, s.op('Less', [targets, s.int(classes)])]);
  const safe = s.op('SelectV2', [real, targets, zero]);
  const range = s.op('Range', [zero, s.int(rows), s.int(1)]);
  return { real, indices: s.pack([range, safe], 1) };
}

/**
 * The second output is the probabilities, which softmax gives anyway: ln Σ eˣ is the row's largest logit less the
 * logarithm of its largest probability. TensorFlow's SparseSoftmaxCrossEntropyWithLogits took three times as long.
 */
export const crossEntropy = nativeKernel<Named<'logits' | 'targets'>, { ignore: number }>(
  'GssCrossEntropy',
  ({ logits, targets }, s, { ignore }) => {
    if (!areFloat(logits)) return undefined;
    if (targets.dtype !== 'int32') {
      throw new TypeError(`GssCrossEntropy (tensorflow): expected int32 targets, got ${targets.dtype}. Cast them.`);
    }
    const [rows, classes] = rowsOf(logits);
    const x = s.read(logits, [rows, classes]);
    const t = s.read(targets, [rows]);
    const probabilities = s.op('Softmax', [x]);
    const largest = s.op('Log', [s.op('Max', [probabilities, s.ints([1])])]);
    const logSumExp = s.op('Sub', [s.op('Max', [x, s.ints([1])]), largest]);
    const { real, indices } = places(s, t, rows, classes);
    const losses = s.op('Sub', [logSumExp, s.op('GatherNd', [x, indices])]);
    const known = s.op('SelectV2', [real, losses, s.float(Number.NaN)]);
    const counted = s.op('NotEqual', [t, s.int(ignore)]);
    return [s.give(s.op('SelectV2', [counted, known, s.float(0)])), s.give(probabilities)];
  },
);

/** dy · (softmax(x) − one-hot), 0 where ignored; `logSumExp` is here what the forward kernel gave: probabilities. */
export const crossEntropyGrad = nativeKernel<Named<'dy' | 'logits' | 'targets' | 'logSumExp'>, { ignore: number }>(
  'GssCrossEntropyGrad',
  ({ dy, logits, targets, logSumExp: probabilities }, s, { ignore }) => {
    if (!areFloat(dy, logits, probabilities)) return undefined;
    const [rows, classes] = rowsOf(logits);
    const t = s.read(targets, [rows]);
    const { indices } = places(s, t, rows, classes);
    const counted = s.op('NotEqual', [t, s.int(ignore)]);
    const g = s.op('SelectV2', [counted, s.read(dy, [rows]), s.float(0)]);
    const spread = s.op('Mul', [s.read(probabilities), s.reshape(g, [rows, 1])]);
    return s.give(s.op('TensorScatterSub', [spread, indices, g]), logits.shape);
  },
);
