import { KC, MC, packPanels } from './gemm';
import { multiplyPanels } from './tile';

/** Columns whose scores are made at once: a block of rows of them (MC × COLUMNS, 100 kB) stays in L2 until it is read. */
const COLUMNS = 256;

/** The largest of `n` scores + bias of a row and its place, the first on a tie; better ones replace what `best` and `place` hold. */
function improve(scores: usize, bias: usize, n: i32, first: i32, best: usize, place: usize): void {
  let top = v128.load_splat<f32>(best);
  let where = v128.load_splat<i32>(place);
  let here = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  const four = i32x4.splat(4);
  let left = n;
  for (; left >= 4; left -= 4) {
    const value = f32x4.add(v128.load(scores), v128.load(bias));
    const better = f32x4.gt(value, top);
    top = v128.bitselect(value, top, better);
    where = v128.bitselect(here, where, better);
    here = i32x4.add(here, four);
    scores += 16;
    bias += 16;
  }
  let value = f32x4.extract_lane(top, 0);
  let index = i32x4.extract_lane(where, 0);
  for (let lane = 1; lane < 4; lane++) {
    const other =
      lane === 1 ? f32x4.extract_lane(top, 1) : lane === 2 ? f32x4.extract_lane(top, 2) : f32x4.extract_lane(top, 3);
    const its =
      lane === 1
        ? i32x4.extract_lane(where, 1)
        : lane === 2
          ? i32x4.extract_lane(where, 2)
          : i32x4.extract_lane(where, 3);
    if (other > value || (other === value && its < index)) {
      value = other;
      index = its;
    }
  }
  for (let i = n - left; i < n; i++) {
    const other = load<f32>(scores) + load<f32>(bias);
    if (other > value) {
      value = other;
      index = first + i;
    }
    scores += 4;
    bias += 4;
  }
  store<f32>(best, value);
  store<i32>(place, index);
}

/**
 * For each row of A[m, k] the column of A · B + bias, B[k, n], whose value is largest, the first on a tie; NaN never wins, and a row
 * without a number above −Infinity gets 0. The product is never stored whole. Scratch: k · COLUMNS + MC · COLUMNS + m floats.
 */
export function classify(a: usize, b: usize, bias: usize, places: usize, m: i32, n: i32, k: i32, scratch: usize): void {
  const scores = scratch + ((<usize>(k * COLUMNS)) << 2);
  const best = scores + ((MC * COLUMNS) << 2);
  const aStride = (<usize>k) << 2;
  const bStride = (<usize>n) << 2;
  const line: usize = COLUMNS << 2;
  for (let i = 0; i < m; i++) store<f32>(best + ((<usize>i) << 2), -Infinity);
  memory.fill(places, 0, (<usize>m) << 2);
  for (let j = 0; j < n; j += COLUMNS) {
    const columns = min(n - j, COLUMNS);
    const panels = (columns + 7) & ~7;
    for (let p = 0; p < k; p += KC) {
      const target = scratch + ((<usize>(p * panels)) << 2);
      packPanels(b + <usize>p * bStride + ((<usize>j) << 2), bStride, min(k - p, KC), columns, target);
    }
    for (let i = 0; i < m; i += MC) {
      const rows = min(m - i, MC);
      for (let p = 0; p < k; p += KC) {
        const block = a + <usize>i * aStride + ((<usize>p) << 2);
        const packed = scratch + ((<usize>(p * panels)) << 2);
        multiplyPanels(block, aStride, packed, scores, line, rows, columns, min(k - p, KC), p > 0);
      }
      for (let row = 0; row < rows; row++) {
        const at = (<usize>(i + row)) << 2;
        improve(scores + <usize>row * line, bias + ((<usize>j) << 2), columns, j, best + at, places + at);
      }
    }
  }
}
