/** Stores `count` ≤ 4 values of a row, or adds them to what is there. */
function store4(c: usize, value: v128, count: i32, add: bool): void {
  if (count >= 4) {
    v128.store(c, add ? f32x4.add(v128.load(c), value) : value);
    return;
  }
  store<f32>(c, f32x4.extract_lane(value, 0) + (add ? load<f32>(c) : 0));
  if (count > 1) store<f32>(c, f32x4.extract_lane(value, 1) + (add ? load<f32>(c, 4) : 0), 4);
  if (count > 2) store<f32>(c, f32x4.extract_lane(value, 2) + (add ? load<f32>(c, 8) : 0), 8);
}

function store8(c: usize, low: v128, high: v128, count: i32, add: bool): void {
  store4(c, low, count, add);
  store4(c + 16, high, count - 4, add);
}

/**
 * C[5, 8] (+)= A[5, k] · B[k, 8], B packed. Ten accumulators, two of B, one of A and one product fill 14 of the 15 SIMD
 * registers that V8 gives out on x86-64 (6×8 spills and is a third slower). Fewer than five rows: the last one repeats.
 */
export function tile5x8(
  a: usize,
  aStride: usize,
  rows: i32,
  b: usize,
  c: usize,
  cStride: usize,
  columns: i32,
  k: i32,
  add: bool,
): void {
  let a0 = a;
  let a1 = rows > 1 ? a0 + aStride : a0;
  let a2 = rows > 2 ? a1 + aStride : a1;
  let a3 = rows > 3 ? a2 + aStride : a2;
  let a4 = rows > 4 ? a3 + aStride : a3;
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  let c40 = f32x4.splat(0);
  let c41 = f32x4.splat(0);
  const end = b + ((<usize>k) << 5);
  while (b < end) {
    const b0 = v128.load(b, 0);
    const b1 = v128.load(b, 16);
    const x0 = v128.load_splat<f32>(a0);
    c00 = f32x4.add(c00, f32x4.mul(x0, b0));
    c01 = f32x4.add(c01, f32x4.mul(x0, b1));
    a0 += 4;
    const x1 = v128.load_splat<f32>(a1);
    c10 = f32x4.add(c10, f32x4.mul(x1, b0));
    c11 = f32x4.add(c11, f32x4.mul(x1, b1));
    a1 += 4;
    const x2 = v128.load_splat<f32>(a2);
    c20 = f32x4.add(c20, f32x4.mul(x2, b0));
    c21 = f32x4.add(c21, f32x4.mul(x2, b1));
    a2 += 4;
    const x3 = v128.load_splat<f32>(a3);
    c30 = f32x4.add(c30, f32x4.mul(x3, b0));
    c31 = f32x4.add(c31, f32x4.mul(x3, b1));
    a3 += 4;
    const x4 = v128.load_splat<f32>(a4);
    c40 = f32x4.add(c40, f32x4.mul(x4, b0));
    c41 = f32x4.add(c41, f32x4.mul(x4, b1));
    a4 += 4;
    b += 32;
  }
  if (!add && columns >= 8 && rows >= 5) {
    v128.store(c, c00);
    v128.store(c, c01, 16);
    c += cStride;
    v128.store(c, c10);
    v128.store(c, c11, 16);
    c += cStride;
    v128.store(c, c20);
    v128.store(c, c21, 16);
    c += cStride;
    v128.store(c, c30);
    v128.store(c, c31, 16);
    c += cStride;
    v128.store(c, c40);
    v128.store(c, c41, 16);
    return;
  }
  store8(c, c00, c01, columns, add);
  if (rows <= 1) return;
  c += cStride;
  store8(c, c10, c11, columns, add);
  if (rows <= 2) return;
  c += cStride;
  store8(c, c20, c21, columns, add);
  if (rows <= 3) return;
  c += cStride;
  store8(c, c30, c31, columns, add);
  if (rows <= 4) return;
  c += cStride;
  store8(c, c40, c41, columns, add);
}

/** As {@link tile5x8} for the last four rows or fewer. */
export function tile4x8(
  a: usize,
  aStride: usize,
  rows: i32,
  b: usize,
  c: usize,
  cStride: usize,
  columns: i32,
  k: i32,
  add: bool,
): void {
  let a0 = a;
  let a1 = rows > 1 ? a0 + aStride : a0;
  let a2 = rows > 2 ? a1 + aStride : a1;
  let a3 = rows > 3 ? a2 + aStride : a2;
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  const end = b + ((<usize>k) << 5);
  while (b < end) {
    const b0 = v128.load(b, 0);
    const b1 = v128.load(b, 16);
    const x0 = v128.load_splat<f32>(a0);
    c00 = f32x4.add(c00, f32x4.mul(x0, b0));
    c01 = f32x4.add(c01, f32x4.mul(x0, b1));
    a0 += 4;
    const x1 = v128.load_splat<f32>(a1);
    c10 = f32x4.add(c10, f32x4.mul(x1, b0));
    c11 = f32x4.add(c11, f32x4.mul(x1, b1));
    a1 += 4;
    const x2 = v128.load_splat<f32>(a2);
    c20 = f32x4.add(c20, f32x4.mul(x2, b0));
    c21 = f32x4.add(c21, f32x4.mul(x2, b1));
    a2 += 4;
    const x3 = v128.load_splat<f32>(a3);
    c30 = f32x4.add(c30, f32x4.mul(x3, b0));
    c31 = f32x4.add(c31, f32x4.mul(x3, b1));
    a3 += 4;
    b += 32;
  }
  if (!add && columns >= 8 && rows >= 4) {
    v128.store(c, c00);
    v128.store(c, c01, 16);
    c += cStride;
    v128.store(c, c10);
    v128.store(c, c11, 16);
    c += cStride;
    v128.store(c, c20);
    v128.store(c, c21, 16);
    c += cStride;
    v128.store(c, c30);
    v128.store(c, c31, 16);
    return;
  }
  store8(c, c00, c01, columns, add);
  if (rows <= 1) return;
  c += cStride;
  store8(c, c10, c11, columns, add);
  if (rows <= 2) return;
  c += cStride;
  store8(c, c20, c21, columns, add);
  if (rows <= 3) return;
  c += cStride;
  store8(c, c30, c31, columns, add);
}

/** As {@link tile5x8} for at most four columns; rows of B are still eight apart. */
export function tile5x4(
  a: usize,
  aStride: usize,
  rows: i32,
  b: usize,
  c: usize,
  cStride: usize,
  columns: i32,
  k: i32,
  add: bool,
): void {
  let a0 = a;
  let a1 = rows > 1 ? a0 + aStride : a0;
  let a2 = rows > 2 ? a1 + aStride : a1;
  let a3 = rows > 3 ? a2 + aStride : a2;
  let a4 = rows > 4 ? a3 + aStride : a3;
  let c00 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c40 = f32x4.splat(0);
  const end = b + ((<usize>k) << 5);
  while (b < end) {
    const b0 = v128.load(b, 0);
    const x0 = v128.load_splat<f32>(a0);
    c00 = f32x4.add(c00, f32x4.mul(x0, b0));
    a0 += 4;
    const x1 = v128.load_splat<f32>(a1);
    c10 = f32x4.add(c10, f32x4.mul(x1, b0));
    a1 += 4;
    const x2 = v128.load_splat<f32>(a2);
    c20 = f32x4.add(c20, f32x4.mul(x2, b0));
    a2 += 4;
    const x3 = v128.load_splat<f32>(a3);
    c30 = f32x4.add(c30, f32x4.mul(x3, b0));
    a3 += 4;
    const x4 = v128.load_splat<f32>(a4);
    c40 = f32x4.add(c40, f32x4.mul(x4, b0));
    a4 += 4;
    b += 32;
  }
  store4(c, c00, columns, add);
  if (rows <= 1) return;
  c += cStride;
  store4(c, c10, columns, add);
  if (rows <= 2) return;
  c += cStride;
  store4(c, c20, columns, add);
  if (rows <= 3) return;
  c += cStride;
  store4(c, c30, columns, add);
  if (rows <= 4) return;
  c += cStride;
  store4(c, c40, columns, add);
}

/** C[rows, columns] (+)= A[rows, k] · B, B in panels of eight columns, k rows each. Strides in bytes. */
export function multiplyPanels(
  a: usize,
  aStride: usize,
  b: usize,
  c: usize,
  cStride: usize,
  rows: i32,
  columns: i32,
  k: i32,
  add: bool,
): void {
  const panel = (<usize>k) << 5;
  for (let j = 0; j < columns; j += 8) {
    const left = columns - j;
    let ci = c + ((<usize>j) << 2);
    let ai = a;
    let i = rows;
    if (left <= 4) {
      for (; i > 0; i -= 5) {
        tile5x4(ai, aStride, i, b, ci, cStride, left, k, add);
        ai += 5 * aStride;
        ci += 5 * cStride;
      }
    } else {
      // 6, 7, 8, 11, 12 and 16 rows leave less idle in fours than in fives.
      while (i > 0) {
        if (i === 5 || (i > 8 && i !== 11 && i !== 12 && i !== 16)) {
          tile5x8(ai, aStride, 5, b, ci, cStride, left, k, add);
          i -= 5;
          ai += 5 * aStride;
          ci += 5 * cStride;
        } else {
          tile4x8(ai, aStride, i, b, ci, cStride, left, k, add);
          i -= 4;
          ai += 4 * aStride;
          ci += 4 * cStride;
        }
      }
    }
    b += panel;
  }
}
