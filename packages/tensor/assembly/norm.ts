import { Simd } from './math';
import { addRow, sumColumns, sumRun } from './reduce';

/** Rows whose parameter gradients are summed in scratch memory before they join the total. */
const BLOCK = 64;

/** Layer norm of rows of n values: y = (x − mean) · rstd · gamma + beta; mean and rstd, one a row, are kept for the gradient. */
export function layerNorm(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  means: usize,
  rstds: usize,
  rows: i32,
  n: i32,
  epsilon: f32,
): void {
  for (let row = 0; row < rows; row++) {
    const mean = <f32>(sumRun(x, n) / n);
    const m = f32x4.splat(mean);
    let squares = f32x4.splat(0);
    let at = x;
    let left = n;
    for (; left >= 4; left -= 4) {
      const centred = f32x4.sub(v128.load(at), m);
      squares = f32x4.add(squares, f32x4.mul(centred, centred));
      at += 16;
    }
    let variance = Simd.sum(squares);
    for (; left > 0; left--) {
      const centred = load<f32>(at) - mean;
      variance += centred * centred;
      at += 4;
    }
    const rstd: f32 = 1 / Mathf.sqrt(variance / <f32>n + epsilon);
    const r = f32x4.splat(rstd);
    let g = gamma;
    let b = beta;
    for (left = n; left > 0; left -= 4) {
      const normal = f32x4.mul(f32x4.sub(Simd.load(x, left), m), r);
      Simd.store(y, f32x4.add(f32x4.mul(normal, Simd.load(g, left)), Simd.load(b, left)), left);
      const step = (<usize>min(left, 4)) << 2;
      x += step;
      y += step;
      g += step;
      b += step;
    }
    store<f32>(means, mean);
    store<f32>(rstds, rstd);
    means += 4;
    rstds += 4;
  }
}

/** a += b for `count` floats, then b = 0. */
function flush(a: usize, b: usize, count: i32): void {
  addRow(b, a, count);
  memory.fill(b, 0, (<usize>count) << 2);
}

/** Gradients of {@link layerNorm}. Scratch: 2 n floats. */
export function layerNormGradient(
  dy: usize,
  x: usize,
  means: usize,
  rstds: usize,
  gamma: usize,
  dx: usize,
  dGamma: usize,
  dBeta: usize,
  rows: i32,
  n: i32,
  scratch: usize,
): void {
  const bytes = (<usize>n) << 2;
  const partGamma = scratch;
  const partBeta = scratch + bytes;
  memory.fill(dGamma, 0, bytes);
  memory.fill(dBeta, 0, bytes);
  memory.fill(scratch, 0, bytes << 1);
  for (let row = 0; row < rows; row++) {
    const m = v128.load_splat<f32>(means);
    const r = v128.load_splat<f32>(rstds);
    // Sums of g = dy · gamma and of g · normal over the row; the parameters' gradients on the way.
    let sumG = f32x4.splat(0);
    let sumGn = f32x4.splat(0);
    let at: usize = 0;
    for (let left = n; left > 0; left -= 4) {
      const d = Simd.load(dy + at, left);
      // Lanes beyond the row hold 0 − mean here, but d is 0 in them.
      const normal = f32x4.mul(f32x4.sub(Simd.load(x + at, left), m), r);
      const g = f32x4.mul(d, Simd.load(gamma + at, left));
      const dn = f32x4.mul(d, normal);
      sumG = f32x4.add(sumG, g);
      sumGn = f32x4.add(sumGn, f32x4.mul(g, normal));
      Simd.store(partGamma + at, f32x4.add(Simd.load(partGamma + at, left), dn), left);
      Simd.store(partBeta + at, f32x4.add(Simd.load(partBeta + at, left), d), left);
      at += 16;
    }
    const meanG = f32x4.splat(Simd.sum(sumG) / <f32>n);
    const meanGn = f32x4.splat(Simd.sum(sumGn) / <f32>n);
    at = 0;
    for (let left = n; left > 0; left -= 4) {
      const normal = f32x4.mul(f32x4.sub(Simd.load(x + at, left), m), r);
      const g = f32x4.mul(Simd.load(dy + at, left), Simd.load(gamma + at, left));
      const inner = f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(normal, meanGn));
      Simd.store(dx + at, f32x4.mul(r, inner), left);
      at += 16;
    }
    if (row % BLOCK === BLOCK - 1 || row === rows - 1) {
      flush(dGamma, partGamma, n);
      flush(dBeta, partBeta, n);
    }
    dy += bytes;
    x += bytes;
    dx += bytes;
    means += 4;
    rstds += 4;
  }
}

/**
 * Batch norm of [rows, n] over the rows: y = (x − mean) / √(variance + ε) · gamma + beta; mean and (biased) variance,
 * one a column, are results too. Scratch: 2 n floats.
 */
export function batchNorm(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  mean: usize,
  variance: usize,
  rows: i32,
  n: i32,
  epsilon: f32,
  scratch: usize,
): void {
  const bytes = (<usize>n) << 2;
  sumColumns(x, rows, n, mean);
  for (let j: usize = 0; j < bytes; j += 4) store<f32>(mean + j, load<f32>(mean + j) / <f32>rows);
  memory.fill(variance, 0, bytes);
  memory.fill(scratch, 0, bytes);
  for (let row = 0; row < rows; row++) {
    const line = x + <usize>row * bytes;
    let at: usize = 0;
    for (let left = n; left > 0; left -= 4) {
      const centred = f32x4.sub(Simd.load(line + at, left), Simd.load(mean + at, left));
      Simd.store(scratch + at, f32x4.add(Simd.load(scratch + at, left), f32x4.mul(centred, centred)), left);
      at += 16;
    }
    if (row % BLOCK === BLOCK - 1 || row === rows - 1) flush(variance, scratch, n);
  }
  const scale = scratch + bytes;
  for (let j: usize = 0; j < bytes; j += 4) {
    const v = load<f32>(variance + j) / <f32>rows;
    store<f32>(variance + j, v);
    store<f32>(scale + j, load<f32>(gamma + j) / Mathf.sqrt(v + epsilon));
  }
  for (let row = 0; row < rows; row++) {
    const offset = <usize>row * bytes;
    let at: usize = 0;
    for (let left = n; left > 0; left -= 4) {
      const centred = f32x4.sub(Simd.load(x + offset + at, left), Simd.load(mean + at, left));
      const value = f32x4.add(f32x4.mul(centred, Simd.load(scale + at, left)), Simd.load(beta + at, left));
      Simd.store(y + offset + at, value, left);
      at += 16;
    }
  }
}

/** Gradients of {@link batchNorm} through its mean and variance. Scratch: 4 n floats. */
export function batchNormGradient(
  dy: usize,
  x: usize,
  mean: usize,
  variance: usize,
  gamma: usize,
  dx: usize,
  dGamma: usize,
  dBeta: usize,
  rows: i32,
  n: i32,
  epsilon: f32,
  scratch: usize,
): void {
  const bytes = (<usize>n) << 2;
  const part = scratch;
  const rstd = part + bytes;
  const scale = rstd + bytes;
  const along = scale + bytes;
  sumColumns(dy, rows, n, dBeta);
  memory.fill(dGamma, 0, bytes);
  memory.fill(part, 0, bytes);
  for (let j: usize = 0; j < bytes; j += 4) {
    const r: f32 = 1 / Mathf.sqrt(load<f32>(variance + j) + epsilon);
    store<f32>(rstd + j, r);
    store<f32>(scale + j, load<f32>(gamma + j) * r);
  }
  for (let row = 0; row < rows; row++) {
    const offset = <usize>row * bytes;
    let at: usize = 0;
    for (let left = n; left > 0; left -= 4) {
      const centred = f32x4.sub(Simd.load(x + offset + at, left), Simd.load(mean + at, left));
      const normal = f32x4.mul(centred, Simd.load(rstd + at, left));
      const d = f32x4.mul(Simd.load(dy + offset + at, left), normal);
      Simd.store(part + at, f32x4.add(Simd.load(part + at, left), d), left);
      at += 16;
    }
    if (row % BLOCK === BLOCK - 1 || row === rows - 1) flush(dGamma, part, n);
  }
  // dx = scale · (dy − mean(dy) − normal · mean(dy · normal)), the last factor as (x − mean) · along.
  for (let j: usize = 0; j < bytes; j += 4) {
    store<f32>(along + j, (load<f32>(rstd + j) * load<f32>(dGamma + j)) / <f32>rows);
    store<f32>(part + j, load<f32>(dBeta + j) / <f32>rows);
  }
  for (let row = 0; row < rows; row++) {
    const offset = <usize>row * bytes;
    let at: usize = 0;
    for (let left = n; left > 0; left -= 4) {
      const centred = f32x4.sub(Simd.load(x + offset + at, left), Simd.load(mean + at, left));
      const d = f32x4.sub(Simd.load(dy + offset + at, left), Simd.load(part + at, left));
      const inner = f32x4.sub(d, f32x4.mul(centred, Simd.load(along + at, left)));
      Simd.store(dx + offset + at, f32x4.mul(inner, Simd.load(scale + at, left)), left);
      at += 16;
    }
  }
}
