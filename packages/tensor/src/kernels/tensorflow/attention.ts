import { areFloat, type Handle, type Named, nativeKernel, type Session } from './native.js';

interface AttentionAttrs {
  readonly heads: number;
  readonly scale: number;
}

/** [B, L, 3 · heads · d] → q, k and v, [B, heads, L, d] each. One copy: TensorFlow unpacks the first axis in place. */
function split(s: Session, qkv: Handle, heads: number) {
  const [B, L, channels] = qkv.shape as [number, number, number];
  const d = channels / 3 / heads;
  const parts = s.transpose(s.reshape(qkv, [B, L, 3, heads, d]), [2, 0, 3, 1, 4]);
  const [q, k, v] = s.run('Unpack', [parts], 3, { num: 3, axis: 0 }) as [Handle, Handle, Handle];
  return { q, k, v, B, L, d };
}

/** [B, L, heads · d] → [B, heads, L, d] */
const toHeads = (s: Session, x: Handle, heads: number): Handle => {
  const [B, L, channels] = x.shape as [number, number, number];
  return s.transpose(s.reshape(x, [B, L, heads, channels / heads]), [0, 2, 1, 3]);
};

export const windowAttention = nativeKernel<Named<'qkv' | 'bias' | 'mask'>, AttentionAttrs>(
  'GssWindowAttention',
  ({ qkv, bias, mask }, s, { heads, scale }) => {
    if (!areFloat(qkv, bias)) return undefined;
    const { q, k, v, B, L, d } = split(s, s.read(qkv), heads);
    const scores = s.batchMatMul(s.op('Mul', [q, s.float(scale)]), k, false, true);
    const added = () => {
      if (!mask) return s.op('AddV2', [scores, s.read(bias)]);
      const windows = mask.shape[0]!;
      const both = s.op('AddV2', [s.read(bias), s.read(mask, [windows, 1, L, L])]); // [nW, heads, L, L]
      return s.op('AddV2', [s.reshape(scores, [B / windows, windows, heads, L, L]), both]);
    };
    const weights = s.op('Softmax', [s.reshape(added(), [B, heads, L, L])]);
    const y = s.transpose(s.batchMatMul(weights, v), [0, 2, 1, 3]);
    return [s.give(y, [B, L, heads * d]), s.give(weights)];
  },
);

/** The row sums of softmax's gradient, Σ dw·w, are those of dy·y: a sum over d instead of L (as FlashAttention's). */
export const windowAttentionGrad = nativeKernel<Named<'dy' | 'qkv' | 'weights' | 'y'>, AttentionAttrs>(
  'GssWindowAttentionGrad',
  ({ dy, qkv, weights, y }, s, { heads, scale }) => {
    if (!areFloat(dy, qkv, weights, y)) return undefined;
    const { q, k, v, B, L, d } = split(s, s.read(qkv), heads);
    const w = s.read(weights);
    const g = toHeads(s, s.read(dy), heads);
    const sums = s.op('Sum', [s.op('Mul', [g, toHeads(s, s.read(y), heads)]), s.ints([3])], { keep_dims: true });
    const dScores = s.op('Mul', [s.op('Sub', [s.batchMatMul(g, v, false, true), sums]), w]);
    const dq = s.op('Mul', [s.batchMatMul(dScores, k), s.float(scale)]);
    const dk = s.op('Mul', [s.batchMatMul(dScores, q, true), s.float(scale)]);
    const dv = s.batchMatMul(w, g, true);
    const parts = s.pack([dq, dk, dv], 0); // [3, B, heads, L, d]
    const dqkv = s.transpose(parts, [1, 3, 0, 2, 4]);
    const dBias = s.op('Sum', [dScores, s.ints([0])]);
    return [s.give(dqkv, [B, L, 3 * heads * d]), s.give(dBias)];
  },
);
