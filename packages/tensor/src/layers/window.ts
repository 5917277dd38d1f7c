import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { fusedRoll, fusedWindowAttention, hasFused } from '../kernels/fused.js';
import { sizes } from '../shape.js';
import { buffer, table } from '../spec.js';
import { pad2d } from './conv.js';
import { linear, linearSpec } from './linear.js';

/** Window height and width; a number means a square. */
export type WindowSize = number | readonly [number, number];
const pair = (window: WindowSize): readonly [number, number] =>
  typeof window === 'number' ? [window, window] : window;

/** Cuts a map into windows: [B, H, W, C] → [B·nH·nW, M·N, C]. H and W must be multiples of the window M × N. */
export function windowPartition(x: tf.Tensor4D, window: WindowSize): tf.Tensor3D {
  const { B, H, W, C } = sizes('windowPartition', x, ['B', 'H', 'W', 'C']);
  const [M, N] = pair(window);
  if (H % M || W % N)
    throw new ShapeError('windowPartition', `height and width in multiples of ${M} × ${N}`, x.shape, 'Pad first.');
  return tf.tidy(() => {
    const grid = tf.reshape(x, [B, H / M, M, W / N, N, C]);
    return tf.reshape(tf.transpose(grid, [0, 1, 3, 2, 4, 5]), [-1, M * N, C]);
  });
}

/** Joins windows: [B·nH·nW, M·N, C] → [B, H, W, C]; the inverse of `windowPartition`. */
export function windowReverse(windows: tf.Tensor3D, window: WindowSize, [B, H, W, C]: readonly number[]): tf.Tensor4D {
  const [M, N] = pair(window);
  return tf.tidy(() => {
    const grid = tf.reshape(windows, [B!, H! / M, W! / N, M, N, C!]);
    return tf.reshape(tf.transpose(grid, [0, 1, 3, 2, 4, 5]), [B!, H!, W!, C!]);
  });
}

/** torch.roll over height and width: row i of the result is row i − dy of x, around the edge. */
export function roll2d(x: tf.Tensor4D, dy: number, dx: number): tf.Tensor4D {
  if (hasFused('GssRoll')) return fusedRoll(x, dy, dx);
  const turn = (map: tf.Tensor4D, by: number, axis: 1 | 2): tf.Tensor4D => {
    const size = map.shape[axis];
    const cut = (((-by % size) + size) % size) as number;
    if (cut === 0) return map;
    const [head, tail] = tf.split(map, [cut, size - cut], axis);
    return tf.concat([tail as tf.Tensor4D, head as tf.Tensor4D], axis);
  };
  return tf.tidy(() => turn(turn(x, dy, 1), dx, 2));
}

/**
 * Which entry of the relative position table each pair of positions in an M × N window uses, [M·N, M·N], numbered as in
 * mmsegmentation's WindowMSA (which equals Microsoft's).
 */
export function relativePositionIndex(window: WindowSize): Int32Array {
  const [M, N] = pair(window);
  const L = M * N;
  const index = new Int32Array(L * L);
  for (let i = 0; i < L; i++) {
    for (let j = 0; j < L; j++) {
      const dy = Math.floor(i / N) - Math.floor(j / N) + M - 1;
      const dx = (i % N) - (j % N) + N - 1;
      index[i * L + j] = dy * (2 * N - 1) + dx;
    }
  }
  return index;
}

export interface WindowAttentionConfig {
  readonly dim: number;
  readonly window: WindowSize;
  readonly heads: number;
}

/** Parameters of W-MSA, named as in mmsegmentation. */
export const windowAttentionSpec = ({ dim, window, heads }: WindowAttentionConfig) => {
  const [M, N] = pair(window);
  return {
    relative_position_bias_table: table([(2 * M - 1) * (2 * N - 1), heads]),
    relative_position_index: buffer<tf.Rank.R2>(
      [M * N, M * N],
      { type: 'values', values: () => relativePositionIndex(window) },
      { dtype: 'int32', optional: true },
    ),
    qkv: linearSpec(dim, 3 * dim),
    proj: linearSpec(dim, dim),
  };
};

export interface WindowAttentionParams {
  readonly relative_position_bias_table: tf.Tensor2D;
  readonly relative_position_index: tf.Tensor2D;
  readonly qkv: { readonly weight: tf.Tensor2D; readonly bias: tf.Tensor1D };
  readonly proj: { readonly weight: tf.Tensor2D; readonly bias: tf.Tensor1D };
}

/** The bias of each pair of positions in a window, [heads, L, L], from its table. */
function positionBias({ relative_position_bias_table: table, relative_position_index: index }: WindowAttentionParams) {
  const picked = tf.gather(table, tf.reshape(index, [-1])); // [L·L, heads]
  return tf.reshape(tf.transpose(picked), [table.shape[1], ...index.shape]) as tf.Tensor3D;
}

/** softmax(scale · q kᵀ + bias + mask) v: [B, L, 3 · heads · d] → [B, L, heads · d]. */
function attend(qkv: tf.Tensor3D, bias: tf.Tensor3D, mask?: tf.Tensor3D): tf.Tensor3D {
  const [B, L, channels] = qkv.shape;
  const heads = bias.shape[0];
  const d = channels / 3 / heads;
  const scale = d ** -0.5;
  if (hasFused('GssWindowAttention')) return fusedWindowAttention(qkv, bias, { heads, scale, mask });
  const parts = tf.transpose(tf.reshape(qkv, [B, L, 3, heads, d]), [2, 0, 3, 1, 4]); // [3, B, heads, L, d]
  const [q, k, v] = tf.unstack(tf.reshape(parts, [3, B * heads, L, d])) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const biased = tf.add(tf.reshape(tf.matMul(tf.mul(q, scale), k, false, true), [B, heads, L, L]), bias);
  const masked = mask && tf.add(tf.reshape(biased, [-1, mask.shape[0], heads, L, L]), tf.expandDims(mask, 1));
  const weights = tf.reshape(tf.softmax(masked ? tf.reshape(masked, biased.shape) : biased), [B * heads, L, L]);
  const mixed = tf.reshape(tf.matMul(weights as tf.Tensor3D, v), [B, heads, L, d]);
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [B, L, heads * d]);
}

/**
 * Multi-head self-attention within windows, with relative position bias: [B·nW, L, C] → [B·nW, L, C].
 * `mask` [nW, L, L] is added to the scores of window w mod nW.
 */
export function windowAttention(
  x: tf.Tensor3D,
  p: WindowAttentionParams,
  { heads }: Pick<WindowAttentionConfig, 'heads'>,
  mask?: tf.Tensor3D,
): tf.Tensor3D {
  const { C } = sizes('windowAttention', x, ['B', 'L', 'C']);
  if (C % heads) throw new ShapeError('windowAttention', `channels in multiples of ${heads} heads`, x.shape);
  return tf.tidy(() => linear(attend(linear(x, p.qkv), positionBias(p), mask), p.proj));
}

/**
 * Mask of the shifted windows, [nW, L, L]: −100 between positions that were not neighbours before the shift, as in the
 * reference. `size` is the padded map.
 */
export function shiftMask([H, W]: readonly [number, number], window: number, shift: number): Float32Array {
  const L = window * window;
  const region = (i: number, size: number) => (i < size - window ? 0 : i < size - shift ? 1 : 2);
  const rows = H / window;
  const columns = W / window;
  const mask = new Float32Array(rows * columns * L * L);
  const ids = new Uint8Array(L);
  for (let w = 0; w < rows * columns; w++) {
    const top = Math.floor(w / columns) * window;
    const left = (w % columns) * window;
    for (let i = 0; i < L; i++) ids[i] = 3 * region(top + Math.floor(i / window), H) + region(left + (i % window), W);
    for (let i = 0; i < L; i++) for (let j = 0; j < L; j++) mask[(w * L + i) * L + j] = ids[i] === ids[j] ? 0 : -100;
  }
  return mask;
}

export interface ShiftedWindowConfig {
  readonly window: number;
  readonly heads: number;
  /** 0 for W-MSA, ⌊window / 2⌋ for SW-MSA. */
  readonly shift: number;
}

/**
 * (Shifted) window self-attention over a map, [B, H, W, C] → [B, H, W, C]: zeros pad right and bottom to whole windows,
 * then the map is rolled, attended window by window, and rolled back. As mmsegmentation, it shifts even when the map is
 * no larger than the window.
 */
export function shiftedWindowAttention(
  x: tf.Tensor4D,
  p: WindowAttentionParams,
  { window, shift }: ShiftedWindowConfig,
): tf.Tensor4D {
  const { B, H, W, C } = sizes('shiftedWindowAttention', x, ['B', 'H', 'W', 'C']);
  return tf.tidy(() => {
    const Hp = Math.ceil(H / window) * window;
    const Wp = Math.ceil(W / window) * window;
    const L = window * window;
    const windows = (map: tf.Tensor4D) => {
      const padded = pad2d(map, [0, Hp - H, 0, Wp - W]);
      return windowPartition(shift ? roll2d(padded, -shift, -shift) : padded, window);
    };
    // Small maps are mostly padding, whose q, k and v are the bias: they are projected before it, larger ones after it,
    // because then three times as many channels would be moved. All are projected back after the padding is cut off.
    const qkv =
      Hp * Wp > 1.5 * H * W
        ? (tf.add(windows(linear(x, { weight: p.qkv.weight })), p.qkv.bias) as tf.Tensor3D)
        : linear(windows(x), p.qkv);
    const mask = shift ? tf.tensor3d(shiftMask([Hp, Wp], window, shift), [(Hp * Wp) / L, L, L]) : undefined;
    const attended = windowReverse(attend(qkv, positionBias(p), mask), window, [B, Hp, Wp, C]);
    const back = shift ? roll2d(attended, shift, shift) : attended;
    const cut = Hp === H && Wp === W ? back : tf.slice(back, [0, 0, 0, 0], [B, H, W, C]);
    return linear(cut as tf.Tensor4D, p.proj);
  });
}
