import { Simd } from './math';

/** y = eˣ for `count` floats. */
export function exp(x: usize, y: usize, count: i32): void {
  for (; count > 0; count -= 4) {
    Simd.store(y, Simd.exp(Simd.load(x, count)), count);
    x += 16;
    y += 16;
  }
}

/** y = ln x. */
export function log(x: usize, y: usize, count: i32): void {
  for (; count > 0; count -= 4) {
    Simd.store(y, Simd.log(Simd.load(x, count)), count);
    x += 16;
    y += 16;
  }
}

/** y = x, int32 to float32. */
export function floatFromInt(x: usize, y: usize, count: i32): void {
  for (; count > 0; count -= 4) {
    Simd.store(y, f32x4.convert_i32x4_s(Simd.load(x, count)), count);
    x += 16;
    y += 16;
  }
}

/** y = x, bool (a byte each) to float32. */
export function floatFromBool(x: usize, y: usize, count: i32): void {
  for (; count > 0; count--) {
    store<f32>(y, <f32>load<u8>(x));
    x++;
    y += 4;
  }
}

/** y = x ≠ 0 as a byte, of float32 (NaN is true) or int32. */
export function boolFromWord(x: usize, y: usize, count: i32, float: bool): void {
  for (; count > 0; count--) {
    store<u8>(y, <u8>(float ? load<f32>(x) !== 0 : load<i32>(x) !== 0));
    x += 4;
    y++;
  }
}

/** y = erf(x). */
export function erf(x: usize, y: usize, count: i32): void {
  for (; count > 0; count -= 4) {
    Simd.store(y, Simd.erf(Simd.load(x, count)), count);
    x += 16;
    y += 16;
  }
}

/** dx = dy where y > 0, else 0: the gradient of y = max(x, 0). */
export function reluGradient(dy: usize, y: usize, dx: usize, count: i32): void {
  for (; count > 0; count -= 4) {
    const positive = f32x4.gt(Simd.load(y, count), f32x4.splat(0));
    Simd.store(dx, v128.and(Simd.load(dy, count), positive), count);
    dy += 16;
    y += 16;
    dx += 16;
  }
}

/** y = x · Φ(x), Φ the normal distribution: GELU in its exact form. */
export function gelu(x: usize, y: usize, count: i32): void {
  const half = f32x4.splat(0.5);
  for (; count > 0; count -= 4) {
    const value = Simd.load(x, count);
    const e = Simd.erf(f32x4.mul(value, f32x4.splat(<f32>Math.SQRT1_2)));
    const cdf = f32x4.add(f32x4.mul(e, half), half);
    Simd.store(y, f32x4.mul(value, cdf), count);
    x += 16;
    y += 16;
  }
}

/** dx = dy · (Φ(x) + x · φ(x)). */
export function geluGradient(dy: usize, x: usize, dx: usize, count: i32): void {
  const half = f32x4.splat(0.5);
  for (; count > 0; count -= 4) {
    const value = Simd.load(x, count);
    const e = Simd.erf(f32x4.mul(value, f32x4.splat(<f32>Math.SQRT1_2)));
    const cdf = f32x4.add(f32x4.mul(e, half), half);
    const bell = Simd.exp(f32x4.mul(f32x4.mul(value, value), f32x4.splat(-0.5)));
    const slope = f32x4.add(cdf, f32x4.mul(value, f32x4.mul(bell, f32x4.splat(0.3989422804014327))));
    Simd.store(dx, f32x4.mul(Simd.load(dy, count), slope), count);
    dy += 16;
    x += 16;
    dx += 16;
  }
}

/**
 * One step of AdamW (Loshchilov & Hutter, algorithm 2, as in torch.optim.AdamW): m' = β₁m + (1 − β₁)g,
 * v' = β₂v + (1 − β₂)g², p' = p − lr · λ · p − lr · m' / (1 − β₁ᵗ) / (√(v' / (1 − β₂ᵗ)) + ε).
 * lr and λ have one value for all elements (step 0) or one for each (step 16 bytes per four).
 */
export function adamw(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  rates: usize,
  rateStep: i32,
  decays: usize,
  decayStep: i32,
  newP: usize,
  newM: usize,
  newV: usize,
  count: i32,
  beta1: f64,
  beta2: f64,
  correction1: f64,
  correction2: f64,
  epsilon: f32,
): void {
  const b1 = f32x4.splat(<f32>beta1);
  const b2 = f32x4.splat(<f32>beta2);
  const c1 = f32x4.splat(<f32>(1 - beta1));
  const c2 = f32x4.splat(<f32>(1 - beta2));
  const scale = f32x4.splat(<f32>(1 / correction1));
  const root = f32x4.splat(<f32>(1 / Math.sqrt(correction2)));
  for (; count > 0; count -= 4) {
    const rate = rateStep ? Simd.load(rates, count) : v128.load_splat<f32>(rates);
    const decay = decayStep ? Simd.load(decays, count) : v128.load_splat<f32>(decays);
    const gradient = Simd.load(g, count);
    const first = f32x4.add(f32x4.mul(Simd.load(m, count), b1), f32x4.mul(gradient, c1));
    const second = f32x4.add(f32x4.mul(Simd.load(v, count), b2), f32x4.mul(f32x4.mul(gradient, gradient), c2));
    const size = f32x4.add(f32x4.mul(f32x4.sqrt(second), root), f32x4.splat(epsilon));
    const step = f32x4.mul(f32x4.div(first, size), f32x4.mul(rate, scale));
    const value = Simd.load(p, count);
    const decayed = f32x4.sub(value, f32x4.mul(value, f32x4.mul(rate, decay)));
    Simd.store(newP, f32x4.sub(decayed, step), count);
    Simd.store(newM, first, count);
    Simd.store(newV, second, count);
    p += 16;
    g += 16;
    m += 16;
    v += 16;
    rates += rateStep;
    decays += decayStep;
    newP += 16;
    newM += 16;
    newV += 16;
  }
}
