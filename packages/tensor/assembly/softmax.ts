import { Simd } from './math';

/** The largest of n values that are not NaN (one that is reaches the sum), in every lane. */
function largest(x: usize, n: i32): v128 {
  let top = f32x4.splat(-Infinity);
  for (; n > 0; n -= 4) {
    top = f32x4.pmax(top, Simd.repeatFirst(Simd.load(x, n), n));
    x += 16;
  }
  return Simd.max(top);
}

/** y = softmax(x) for n values; y may be x. */
export function softmaxInPlace(x: usize, y: usize, n: i32): void {
  const top = largest(x, n);
  let sums = f32x4.splat(0);
  let at: usize = 0;
  for (let left = n; left > 0; left -= 4) {
    const e = Simd.exp(f32x4.sub(Simd.load(x + at, left), top));
    Simd.store(y + at, e, left);
    sums = f32x4.add(sums, Simd.clearRest(e, left));
    at += 16;
  }
  const inverse = f32x4.splat(1 / Simd.sum(sums));
  at = 0;
  for (let left = n; left > 0; left -= 4) {
    Simd.store(y + at, f32x4.mul(Simd.load(y + at, left), inverse), left);
    at += 16;
  }
}

/**
 * Cross entropy of each row of logits [rows, n] with its int32 target: losses[row] = ln Σ eˣ − x[target], 0 where the
 * target is `ignore`, NaN where it is any other number outside [0, n). The logarithms are kept for the gradient.
 */
export function crossEntropy(
  x: usize,
  targets: usize,
  losses: usize,
  logs: usize,
  rows: i32,
  n: i32,
  ignore: i32,
): void {
  for (let row = 0; row < rows; row++) {
    const top = largest(x, n);
    let sums = f32x4.splat(0);
    let s = x;
    for (let left = n; left > 0; left -= 4) {
      const e = Simd.exp(f32x4.sub(Simd.load(s, left), top));
      sums = f32x4.add(sums, Simd.clearRest(e, left));
      s += 16;
    }
    const total = f32x4.splat(Simd.sum(sums));
    const log = f32x4.extract_lane(f32x4.add(Simd.log(total), top), 0);
    const target = load<i32>(targets);
    let loss: f32 = 0;
    if (target !== ignore) {
      loss = target >= 0 && target < n ? log - load<f32>(x + ((<usize>target) << 2)) : NaN;
    }
    store<f32>(losses, loss);
    store<f32>(logs, log);
    x += (<usize>n) << 2;
    targets += 4;
    losses += 4;
    logs += 4;
  }
}

/** Gradient of {@link crossEntropy}: dx = (softmax(x) − one-hot(target)) · dy[row], 0 where the target is `ignore`. */
export function crossEntropyGradient(
  dy: usize,
  x: usize,
  targets: usize,
  logs: usize,
  dx: usize,
  rows: i32,
  n: i32,
  ignore: i32,
): void {
  const bytes = (<usize>n) << 2;
  for (let row = 0; row < rows; row++) {
    const target = load<i32>(targets);
    if (target === ignore) {
      memory.fill(dx, 0, bytes);
    } else {
      const log = v128.load_splat<f32>(logs);
      const share = v128.load_splat<f32>(dy);
      let at: usize = 0;
      for (let left = n; left > 0; left -= 4) {
        const probability = Simd.exp(f32x4.sub(Simd.load(x + at, left), log));
        Simd.store(dx + at, f32x4.mul(probability, share), left);
        at += 16;
      }
      if (target >= 0 && target < n) {
        const place = dx + ((<usize>target) << 2);
        store<f32>(place, load<f32>(place) - load<f32>(dy));
      }
    }
    dy += 4;
    x += bytes;
    targets += 4;
    logs += 4;
    dx += bytes;
  }
}

/**
 * 1 − H(softmax x) / ln n of each row of logits [rows, n]: with d = x − max and e = exp d, H = ln Σ e − Σ e·d / Σ e. Logits of
 * −Infinity count as probability 0.
 */
export function certainty(x: usize, y: usize, rows: i32, n: i32): void {
  const scale: f32 = <f32>1 / f32x4.extract_lane(Simd.log(f32x4.splat(<f32>n)), 0);
  const lowest = f32x4.splat(-86.9); // below it Simd.exp gives 0, and 0 · −Infinity would be NaN
  for (let row = 0; row < rows; row++) {
    const top = largest(x, n);
    let sums = f32x4.splat(0);
    let moments = f32x4.splat(0);
    for (let left = n; left > 0; left -= 4) {
      const d = f32x4.pmax(f32x4.sub(Simd.load(x, left), top), lowest);
      const e = Simd.clearRest(Simd.exp(d), left);
      sums = f32x4.add(sums, e);
      moments = f32x4.add(moments, f32x4.mul(e, d));
      x += 16;
    }
    x -= (<usize>(-n & 3)) << 2; // back to the end of the row
    const total = Simd.sum(sums);
    const log = f32x4.extract_lane(Simd.log(f32x4.splat(total)), 0);
    store<f32>(y, <f32>1 + (Simd.sum(moments) / total - log) * scale);
    y += 4;
  }
}
