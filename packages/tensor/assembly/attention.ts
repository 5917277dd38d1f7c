import { gemm } from './gemm';
import { Simd } from './math';
import { softmaxInPlace } from './softmax';

/** In place: row = scale · row + bias + mask; no mask when its address is 0. */
function addBias(row: usize, bias: usize, mask: usize, n: i32, scale: f32): void {
  const s = f32x4.splat(scale);
  for (; n > 0; n -= 4) {
    let score = f32x4.add(f32x4.mul(Simd.load(row, n), s), Simd.load(bias, n));
    if (mask) {
      score = f32x4.add(score, Simd.load(mask, n));
      mask += 16;
    }
    Simd.store(row, score, n);
    row += 16;
    bias += 16;
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
        const row = weights + <usize>i * line;
        addBias(row, bias + <usize>h * square + <usize>i * line, shift ? shift + <usize>i * line : 0, length, scale);
        softmaxInPlace(row, row, length);
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
