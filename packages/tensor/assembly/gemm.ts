import { multiplyPanels } from './tile';
import { transpose2d } from './transpose';

/** A panel of B (KC × 8 floats, 8 kB) stays in L1, a block of A (MC × KC, 100 kB) and the packed B (KC × NC) in L2. */
export const KC = 256;
export const MC = 100;
export const NC = 512;

/** Bytes of scratch memory that {@link gemm} needs: packed B, then packed A. */
export const GEMM_SCRATCH: usize = (KC * NC + MC * KC) << 2;

/** Packs B[k, columns] (rows `stride` bytes apart) in panels of eight columns, the last one filled with zeros. */
export function packPanels(b: usize, stride: usize, k: i32, columns: i32, target: usize): void {
  for (let j = 0; j < columns; j += 8) {
    let s = b + ((<usize>j) << 2);
    const left = columns - j;
    if (left >= 8) {
      for (let p = 0; p < k; p++) {
        v128.store(target, v128.load(s));
        v128.store(target, v128.load(s, 16), 16);
        s += stride;
        target += 32;
      }
    } else {
      for (let p = 0; p < k; p++) {
        v128.store(target, f32x4.splat(0));
        v128.store(target, f32x4.splat(0), 16);
        for (let lane = 0; lane < left; lane++) {
          store<f32>(target + ((<usize>lane) << 2), load<f32>(s + ((<usize>lane) << 2)));
        }
        s += stride;
        target += 32;
      }
    }
  }
}

/** Packs Bᵀ, stored as [columns, k] with rows `stride` bytes apart, as {@link packPanels} does. */
export function packPanelsTransposed(b: usize, stride: usize, k: i32, columns: i32, target: usize): void {
  for (let j = 0; j < columns; j += 8) {
    const left = min(columns - j, 8);
    if (left < 8) memory.fill(target, 0, (<usize>k) << 5);
    transpose2d(b, stride, left, k, target, 32);
    b += stride << 3;
    target += (<usize>k) << 5;
  }
}

/**
 * C[m, n] (+)= op(A) · op(B), row-major; op transposes when its flag is set (A stored as [k, m], B as [n, k]).
 * Strides are bytes between stored rows. Sums run over k in order, in blocks of KC: the same bits every time.
 */
export function gemm(
  a: usize,
  aStride: usize,
  transposeA: bool,
  b: usize,
  bStride: usize,
  transposeB: bool,
  c: usize,
  cStride: usize,
  m: i32,
  n: i32,
  k: i32,
  add: bool,
  scratch: usize,
): void {
  const packedA = scratch + ((KC * NC) << 2);
  for (let j = 0; j < n; j += NC) {
    const columns = min(n - j, NC);
    for (let p = 0; p < k; p += KC) {
      const depth = min(k - p, KC);
      const sum = add || p > 0;
      if (transposeB) {
        packPanelsTransposed(b + <usize>j * bStride + ((<usize>p) << 2), bStride, depth, columns, scratch);
      } else {
        packPanels(b + <usize>p * bStride + ((<usize>j) << 2), bStride, depth, columns, scratch);
      }
      for (let i = 0; i < m; i += MC) {
        const rows = min(m - i, MC);
        const target = c + <usize>i * cStride + ((<usize>j) << 2);
        if (transposeA) {
          transpose2d(a + <usize>p * aStride + ((<usize>i) << 2), aStride, depth, rows, packedA, KC << 2);
          multiplyPanels(packedA, KC << 2, scratch, target, cStride, rows, columns, depth, sum);
        } else {
          const block = a + <usize>i * aStride + ((<usize>p) << 2);
          multiplyPanels(block, aStride, scratch, target, cStride, rows, columns, depth, sum);
        }
      }
    }
  }
  if (k === 0 && !add) for (let i = 0; i < m; i++) memory.fill(c + <usize>i * cStride, 0, (<usize>n) << 2);
}

/** {@link gemm} for `batch` contiguous matrices; a batch stride of 0 bytes shares one operand. */
export function batchedGemm(
  a: usize,
  aBatch: usize,
  transposeA: bool,
  b: usize,
  bBatch: usize,
  transposeB: bool,
  c: usize,
  batch: i32,
  m: i32,
  n: i32,
  k: i32,
  scratch: usize,
): void {
  const aStride = (<usize>(transposeA ? m : k)) << 2;
  const bStride = (<usize>(transposeB ? k : n)) << 2;
  const cStride = (<usize>n) << 2;
  for (let i = 0; i < batch; i++) {
    gemm(a, aStride, transposeA, b, bStride, transposeB, c, cStride, m, n, k, false, scratch);
    a += aBatch;
    b += bBatch;
    c += <usize>m * cStride;
  }
}
