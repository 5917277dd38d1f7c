import { Simd } from './math';

/** Rows whose columns are summed in float32 before they join the total: keeps the error of long sums small. */
const BLOCK = 64;

/** target += source for `count` floats. */
export function addRow(source: usize, target: usize, count: i32): void {
  let i = 0;
  for (; i <= count - 4; i += 4) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
    source += 16;
    target += 16;
  }
  for (; i < count; i++) {
    store<f32>(target, load<f32>(target) + load<f32>(source));
    source += 4;
    target += 4;
  }
}

/** Sum of `count` floats: blocks of up to 1024 in four vectors, their sums in float64. */
export function sumRun(x: usize, count: i32): f64 {
  let total: f64 = 0;
  while (count > 0) {
    const block = min(count, 1024);
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let i = 0;
    for (; i <= block - 16; i += 16) {
      a = f32x4.add(a, v128.load(x));
      b = f32x4.add(b, v128.load(x, 16));
      c = f32x4.add(c, v128.load(x, 32));
      d = f32x4.add(d, v128.load(x, 48));
      x += 64;
    }
    for (; i < block; i += 4) {
      a = f32x4.add(a, Simd.load(x, block - i));
      x += 16;
    }
    total += Simd.sum(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
    count -= 1024;
  }
  return total;
}

/** total[columns] += the sum of `rows` rows (at most BLOCK), 16 columns at a time in registers. */
function addColumns(x: usize, rows: i32, columns: i32, total: usize): void {
  const stride = (<usize>columns) << 2;
  let j = 0;
  for (; j <= columns - 16; j += 16) {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let s = x + ((<usize>j) << 2);
    for (let i = 0; i < rows; i++) {
      a = f32x4.add(a, v128.load(s));
      b = f32x4.add(b, v128.load(s, 16));
      c = f32x4.add(c, v128.load(s, 32));
      d = f32x4.add(d, v128.load(s, 48));
      s += stride;
    }
    const t = total + ((<usize>j) << 2);
    v128.store(t, f32x4.add(v128.load(t), a));
    v128.store(t, f32x4.add(v128.load(t, 16), b), 16);
    v128.store(t, f32x4.add(v128.load(t, 32), c), 32);
    v128.store(t, f32x4.add(v128.load(t, 48), d), 48);
  }
  for (; j < columns; j += 4) {
    const left = columns - j;
    let a = f32x4.splat(0);
    let s = x + ((<usize>j) << 2);
    for (let i = 0; i < rows; i++) {
      a = f32x4.add(a, Simd.load(s, left));
      s += stride;
    }
    const t = total + ((<usize>j) << 2);
    Simd.store(t, f32x4.add(Simd.load(t, left), a), left);
  }
}

/** Column sums of [rows, columns] → total[columns]. */
export function sumColumns(x: usize, rows: i32, columns: i32, total: usize): void {
  const stride = (<usize>columns) << 2;
  memory.fill(total, 0, stride);
  for (let i = 0; i < rows; i += BLOCK) {
    addColumns(x + <usize>i * stride, min(BLOCK, rows - i), columns, total);
  }
}

/** out[outer, inner] = scale · Σ over the middle axis of x[outer, size, inner]. */
export function reduceSum(x: usize, out: usize, outer: i32, size: i32, inner: i32, scale: f64): void {
  if (inner === 1) {
    for (let o = 0; o < outer; o++) {
      store<f32>(out, <f32>(sumRun(x, size) * scale));
      x += (<usize>size) << 2;
      out += 4;
    }
    return;
  }
  const bytes = (<usize>inner) << 2;
  const factor = <f32>scale;
  for (let o = 0; o < outer; o++) {
    sumColumns(x, size, inner, out);
    if (factor !== 1) {
      for (let i: usize = 0; i < bytes; i += 4) store<f32>(out + i, load<f32>(out + i) * factor);
    }
    x += <usize>size * bytes;
    out += bytes;
  }
}
