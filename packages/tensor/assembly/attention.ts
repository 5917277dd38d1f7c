import { gemm } from './gemm';
import { Simd } from './math';

/** In place: row = softmax(scale · row + bias + mask); no mask when its address is 0. */
function softmaxRow(row: usize, bias: usize, mask: usize, n: i32, scale: f32): void {
  const s = f32x4.splat(scale);
  let largest = f32x4.splat(-Infinity);
  let at: usize = 0;
  for (let left = n; left > 0; left -= 4) {
    let score = f32x4.add(f32x4.mul(Simd.load(row + at, left), s), Simd.load(bias + at, left));
    if (mask) score = f32x4.add(score, Simd.load(mask + at, left));
    Simd.store(row + at, score, left);
    if (left < 4) {
      // Lanes beyond the row must not take part: repeat the first.
      if (left < 2) score = f32x4.replace_lane(score, 1, f32x4.extract_lane(score, 0));
      if (left < 3) score = f32x4.replace_lane(score, 2, f32x4.extract_lane(score, 0));
      score = f32x4.replace_lane(score, 3, f32x4.extract_lane(score, 0));
    }
    largest = f32x4.max(largest, score);
    at += 16;
  }
  const pairs = f32x4.max(largest, v128.shuffle<f32>(largest, largest, 2, 3, 0, 1));
  const top = f32x4.max(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2));
  let sums = f32x4.splat(0);
  let rest: f32 = 0;
  at = 0;
  for (let left = n; left > 0; left -= 4) {
    const e = Simd.exp(f32x4.sub(Simd.load(row + at, left), top));
    Simd.store(row + at, e, left);
    if (left >= 4) sums = f32x4.add(sums, e);
    else {
      rest = f32x4.extract_lane(e, 0);
      if (left > 1) rest += f32x4.extract_lane(e, 1);
      if (left > 2) rest += f32x4.extract_lane(e, 2);
    }
    at += 16;
  }
  const inverse = f32x4.splat(1 / (Simd.sum(sums) + rest));
  at = 0;
  for (let left = n; left > 0; left -= 4) {
    Simd.store(row + at, f32x4.mul(Simd.load(row + at, left), inverse), left);
    at += 16;
  }
}

/**
 * Multi-head attention within windows, straight from qkv [B, L, 3, heads, d] to y [B, L, heads, d]:
 * y = softmax(scale · q kᵀ + bias[head] + mask[window mod masks]) v. The softmax [B, heads, L, L] is kept in `weights`.
 * Scratch as gemm.
 */
export function windowAttention(
  qkv: usize,
  bias: usize,
  mask: usize,
  masks: i32,
  y: usize,
  weights: usize,
  windows: i32,
  length: i32,
  heads: i32,
  size: i32,
  scale: f32,
  scratch: usize,
): void {
  const channels = (<usize>(heads * size)) << 2;
  const stride = channels * 3;
  const line = (<usize>length) << 2;
  const square = <usize>length * line;
  for (let b = 0; b < windows; b++) {
    const shift = mask ? mask + <usize>(b % masks) * square : 0;
    for (let h = 0; h < heads; h++) {
      const q = qkv + ((<usize>(h * size)) << 2);
      const k = q + channels;
      const v = k + channels;
      gemm(q, stride, false, k, stride, true, weights, line, length, length, size, false, scratch);
      for (let i = 0; i < length; i++) {
        const offset = <usize>i * line;
        softmaxRow(weights + offset, bias + <usize>h * square + offset, shift ? shift + offset : 0, length, scale);
      }
      const target = y + ((<usize>(h * size)) << 2);
      gemm(weights, line, false, v, stride, false, target, channels, length, size, length, false, scratch);
      weights += square;
    }
    qkv += <usize>length * stride;
    y += <usize>length * channels;
  }
}

/** In place: row = weights · (row − Σ row · weights), the gradient through a softmax; adds it to `total`, then scales it. */
function softmaxGradientRow(row: usize, weights: usize, total: usize, n: i32, scale: f32): void {
  let sums = f32x4.splat(0);
  let at: usize = 0;
  for (let left = n; left > 0; left -= 4) {
    sums = f32x4.add(sums, f32x4.mul(Simd.load(row + at, left), Simd.load(weights + at, left)));
    at += 16;
  }
  const sum = f32x4.splat(Simd.sum(sums));
  const s = f32x4.splat(scale);
  at = 0;
  for (let left = n; left > 0; left -= 4) {
    const value = f32x4.mul(Simd.load(weights + at, left), f32x4.sub(Simd.load(row + at, left), sum));
    Simd.store(total + at, f32x4.add(Simd.load(total + at, left), value), left);
    Simd.store(row + at, f32x4.mul(value, s), left);
    at += 16;
  }
}

/** Gradients of {@link windowAttention}: dqkv [B, L, 3, heads, d] and dbias [heads, L, L]. Scratch: gemm's, then L² floats. */
export function windowAttentionGradient(
  dy: usize,
  qkv: usize,
  weights: usize,
  dqkv: usize,
  dBias: usize,
  windows: i32,
  length: i32,
  heads: i32,
  size: i32,
  scale: f32,
  scratch: usize,
  scores: usize,
): void {
  const channels = (<usize>(heads * size)) << 2;
  const stride = channels * 3;
  const line = (<usize>length) << 2;
  const square = <usize>length * line;
  memory.fill(dBias, 0, <usize>heads * square);
  for (let b = 0; b < windows; b++) {
    for (let h = 0; h < heads; h++) {
      const offset = (<usize>(h * size)) << 2;
      const q = qkv + offset;
      const k = q + channels;
      const v = k + channels;
      const dq = dqkv + offset;
      const dk = dq + channels;
      const dv = dk + channels;
      const d = dy + offset;
      gemm(weights, line, true, d, channels, false, dv, stride, length, size, length, false, scratch);
      gemm(d, channels, false, v, stride, true, scores, line, length, length, size, false, scratch);
      const total = dBias + <usize>h * square;
      for (let i = 0; i < length; i++) {
        const at = <usize>i * line;
        softmaxGradientRow(scores + at, weights + at, total + at, length, scale);
      }
      gemm(scores, line, false, k, stride, false, dq, stride, length, size, length, false, scratch);
      gemm(scores, line, true, q, stride, false, dk, stride, length, size, length, false, scratch);
      weights += square;
    }
    qkv += <usize>length * stride;
    dqkv += <usize>length * stride;
    dy += <usize>length * channels;
  }
}
