/** Transcendental functions of four floats. A class, as only methods may carry @inline in plain TypeScript syntax. */
// biome-ignore lint/complexity/noStaticOnlyClass: see above
export class Simd {
  /**
   * eˣ, within 2 units in the last place; overflow gives Infinity, results below 2e-38 are 0, NaN stays. pmin and pmax
   * are one instruction each and keep NaN in their first argument; min and max are eight.
   */
  @inline static exp(x: v128): v128 {
    const clamped = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89)), f32x4.splat(-86.9));
    // n = round(x / ln 2): adding 1.5 · 2²³ leaves it in the lowest bits.
    const magic = f32x4.splat(12582912);
    const shifted = f32x4.add(f32x4.mul(clamped, f32x4.splat(<f32>Math.LOG2E)), magic);
    const n = f32x4.sub(shifted, magic);
    // Cody–Waite: ln 2 in two parts, the first exact in few bits.
    const r = f32x4.sub(
      f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375))),
      f32x4.mul(n, f32x4.splat(-2.1219444e-4)),
    );
    let p = f32x4.splat(1.98756915e-4);
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
    p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
    // 2ⁿ⁻¹ from its exponent bits, then twice the product, so that n = 128 overflows as it must.
    const power = i32x4.shl(i32x4.add(shifted, i32x4.splat(126)), 23);
    const half = f32x4.mul(p, power);
    return v128.andnot(f32x4.add(half, half), f32x4.lt(x, f32x4.splat(-86.9)));
  }

  /** erf(x) as a quotient of odd polynomials on [−4, 4] (outside it is ±1 in float32), absolute error below 3e-7. */
  @inline static erf(value: v128): v128 {
    const x = f32x4.pmax(f32x4.pmin(value, f32x4.splat(4)), f32x4.splat(-4));
    const s = f32x4.mul(x, x);
    let p = f32x4.splat(-2.72614225801306e-10);
    p = f32x4.add(f32x4.mul(p, s), f32x4.splat(2.77068142495902e-8));
    p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-2.10102402082508e-6));
    p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-5.69250639462346e-5));
    p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-7.34990630326855e-4));
    p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-2.95459980854025e-3));
    p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-1.60960333262415e-2));
    let q = f32x4.splat(-1.45660718464996e-5);
    q = f32x4.add(f32x4.mul(q, s), f32x4.splat(-2.13374055278905e-4));
    q = f32x4.add(f32x4.mul(q, s), f32x4.splat(-1.68282697438203e-3));
    q = f32x4.add(f32x4.mul(q, s), f32x4.splat(-7.37332916720468e-3));
    q = f32x4.add(f32x4.mul(q, s), f32x4.splat(-1.42647390514189e-2));
    return f32x4.div(f32x4.mul(x, p), q);
  }

  /** ln x, within 2 units in the last place, subnormals included; −Infinity at 0, NaN below, Infinity and NaN stay. */
  @inline static log(value: v128): v128 {
    const smallest = f32x4.splat(1.1754943508222875e-38);
    const tiny = f32x4.lt(value, smallest);
    const x = v128.bitselect(f32x4.mul(value, f32x4.splat(8388608)), value, tiny);
    // x = m · 2ᵉ with m in [√½, √2): the exponent counts from the bits of √½.
    const bits = i32x4.sub(x, i32x4.splat(0x3f3504f3));
    const e = i32x4.shr_s(bits, 23);
    const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
    const exponent = f32x4.sub(f32x4.convert_i32x4_s(e), v128.and(tiny, f32x4.splat(23)));
    const f = f32x4.sub(m, f32x4.splat(1));
    const z = f32x4.mul(f, f);
    let p = f32x4.splat(7.0376836292e-2);
    p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-1.151461031e-1));
    p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1.167699874e-1));
    p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-1.2420140846e-1));
    p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1.4249322787e-1));
    p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-1.6668057665e-1));
    p = f32x4.add(f32x4.mul(p, f), f32x4.splat(2.0000714765e-1));
    p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-2.4999993993e-1));
    p = f32x4.add(f32x4.mul(p, f), f32x4.splat(3.3333331174e-1));
    p = f32x4.mul(f32x4.mul(p, f), z);
    p = f32x4.add(p, f32x4.mul(exponent, f32x4.splat(-2.1219444e-4)));
    p = f32x4.sub(p, f32x4.mul(z, f32x4.splat(0.5)));
    const result = f32x4.add(f32x4.add(f, p), f32x4.mul(exponent, f32x4.splat(0.693359375)));
    const infinite = f32x4.splat(Infinity);
    const positive = v128.bitselect(value, result, v128.or(f32x4.eq(value, infinite), f32x4.ne(value, value)));
    const zero = v128.bitselect(f32x4.neg(infinite), positive, f32x4.eq(value, f32x4.splat(0)));
    return v128.bitselect(f32x4.splat(NaN), zero, f32x4.lt(value, f32x4.splat(0)));
  }

  /** The largest of four lanes in every lane. */
  @inline static max(x: v128): v128 {
    const pairs = f32x4.pmax(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
    return f32x4.pmax(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2));
  }

  /** `x` with the lanes from `count` on replaced by its first. */
  @inline static repeatFirst(x: v128, count: i32): v128 {
    return count >= 4 ? x : fillWithFirst(x, count);
  }

  /** `x` with the lanes from `count` on set to 0. */
  @inline static clearRest(x: v128, count: i32): v128 {
    return count >= 4 ? x : clearFrom(x, count);
  }

  /** Sum of four lanes, pairs first. */
  @inline static sum(x: v128): f32 {
    const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
    return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
  }

  /** Loads `count` ≤ 4 floats, zeros above; reads nothing beyond them. */
  @inline static load(address: usize, count: i32): v128 {
    return count >= 4 ? v128.load(address) : loadPart(address, count);
  }

  /** Stores the first `count` ≤ 4 lanes. */
  @inline static store(address: usize, value: v128, count: i32): void {
    if (count >= 4) v128.store(address, value);
    else storePart(address, value, count);
  }
}

function loadPart(address: usize, count: i32): v128 {
  let value = v128.load32_zero(address);
  if (count > 1) value = f32x4.replace_lane(value, 1, load<f32>(address, 4));
  if (count > 2) value = f32x4.replace_lane(value, 2, load<f32>(address, 8));
  return value;
}

function storePart(address: usize, value: v128, count: i32): void {
  store<f32>(address, f32x4.extract_lane(value, 0));
  if (count > 1) store<f32>(address, f32x4.extract_lane(value, 1), 4);
  if (count > 2) store<f32>(address, f32x4.extract_lane(value, 2), 8);
}

function fillWithFirst(x: v128, count: i32): v128 {
  const first = f32x4.extract_lane(x, 0);
  if (count < 2) x = f32x4.replace_lane(x, 1, first);
  if (count < 3) x = f32x4.replace_lane(x, 2, first);
  return f32x4.replace_lane(x, 3, first);
}

function clearFrom(x: v128, count: i32): v128 {
  if (count < 2) x = f32x4.replace_lane(x, 1, 0);
  if (count < 3) x = f32x4.replace_lane(x, 2, 0);
  return f32x4.replace_lane(x, 3, 0);
}
