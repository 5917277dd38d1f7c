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
 * C[4, 8] (+)= A[4, k] · B[k, 8], B packed; `rows` of them are stored. One counter serves all addresses: a pointer a row, moved in every
 * step, costs V8 three more instructions each, and those were the bottleneck (31 GFLOPS for 39 here). The rows' addresses come from the
 * caller, as V8 would choose them anew in every step. Five rows are no faster; two steps at once, or six rows, run out of the 15
 * SIMD registers that V8 gives out on x86-64.
 */
export function tile4x8(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  rows: i32,
  b: usize,
  c: usize,
  cStride: usize,
  columns: i32,
  k: i32,
  add: bool,
): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  const end = (<usize>k) << 2;
  for (let p: usize = 0; p < end; p += 4) {
    const panel = b + (p << 3);
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    const x0 = v128.load_splat<f32>(a0 + p);
    c00 = f32x4.add(c00, f32x4.mul(x0, b0));
    c01 = f32x4.add(c01, f32x4.mul(x0, b1));
    const x1 = v128.load_splat<f32>(a1 + p);
    c10 = f32x4.add(c10, f32x4.mul(x1, b0));
    c11 = f32x4.add(c11, f32x4.mul(x1, b1));
    const x2 = v128.load_splat<f32>(a2 + p);
    c20 = f32x4.add(c20, f32x4.mul(x2, b0));
    c21 = f32x4.add(c21, f32x4.mul(x2, b1));
    const x3 = v128.load_splat<f32>(a3 + p);
    c30 = f32x4.add(c30, f32x4.mul(x3, b0));
    c31 = f32x4.add(c31, f32x4.mul(x3, b1));
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

/** As {@link tile4x8} for at most four columns; rows of B are still eight apart. */
export function tile4x4(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  rows: i32,
  b: usize,
  c: usize,
  cStride: usize,
  columns: i32,
  k: i32,
  add: bool,
): void {
  let c00 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  const end = (<usize>k) << 2;
  for (let p: usize = 0; p < end; p += 4) {
    const panel = b + (p << 3);
    const b0 = v128.load(panel);
    const x0 = v128.load_splat<f32>(a0 + p);
    c00 = f32x4.add(c00, f32x4.mul(x0, b0));
    const x1 = v128.load_splat<f32>(a1 + p);
    c10 = f32x4.add(c10, f32x4.mul(x1, b0));
    const x2 = v128.load_splat<f32>(a2 + p);
    c20 = f32x4.add(c20, f32x4.mul(x2, b0));
    const x3 = v128.load_splat<f32>(a3 + p);
    c30 = f32x4.add(c30, f32x4.mul(x3, b0));
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
  for (let j = 0; j < columns; j += 8) {
    const left = columns - j;
    let target = c + ((<usize>j) << 2);
    let a0 = a;
    for (let i = rows; i > 0; i -= 4) {
      // Fewer than four rows: the last one repeats.
      const a1 = i > 1 ? a0 + aStride : a0;
      const a2 = i > 2 ? a1 + aStride : a1;
      const a3 = i > 3 ? a2 + aStride : a2;
      if (left > 4) tile4x8(a0, a1, a2, a3, i, b, target, cStride, left, k, add);
      else tile4x4(a0, a1, a2, a3, i, b, target, cStride, left, k, add);
      a0 += aStride << 2;
      target += cStride << 2;
    }
    b += (<usize>k) << 5;
  }
}
