/** target[i] += a[i] · b[i] for `count` floats. */
function multiplyAdd(a: usize, b: usize, target: usize, count: i32): void {
  let i = 0;
  for (; i <= count - 4; i += 4) {
    v128.store(target, f32x4.add(v128.load(target), f32x4.mul(v128.load(a), v128.load(b))));
    a += 16;
    b += 16;
    target += 16;
  }
  for (; i < count; i++) {
    store<f32>(target, load<f32>(target) + load<f32>(a) * load<f32>(b));
    a += 4;
    b += 4;
    target += 4;
  }
}

/** The same with `multiplier` outputs for every input channel: into the filter's gradient, or into the input's. */
function multiplyAddGroups(x: usize, dy: usize, w: usize, channels: i32, multiplier: i32, input: bool): void {
  for (let c = 0; c < channels; c++) {
    for (let q = 0; q < multiplier; q++) {
      if (input) store<f32>(x, load<f32>(x) + load<f32>(dy) * load<f32>(w));
      else store<f32>(w, load<f32>(w) + load<f32>(dy) * load<f32>(x));
      dy += 4;
      w += 4;
    }
    x += 4;
  }
}

/**
 * Gradients of a depthwise convolution, dw[kh, kw, C, multiplier] and dx: with `input` set, x is written from dy and w;
 * otherwise w is written from x and dy. Taps outermost, so that each result is summed in one fixed order.
 */
export function depthwiseGradient(
  x: usize,
  dy: usize,
  w: usize,
  input: bool,
  batch: i32,
  inHeight: i32,
  inWidth: i32,
  channels: i32,
  multiplier: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideY: i32,
  strideX: i32,
  dilationY: i32,
  dilationX: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const outputs = channels * multiplier;
  const outBytes = (<usize>outputs) << 2;
  const inBytes = (<usize>channels) << 2;
  if (input) memory.fill(x, 0, <usize>(batch * inHeight * inWidth) * inBytes);
  else memory.fill(w, 0, <usize>(kernelHeight * kernelWidth) * outBytes);
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      let tap = w;
      for (let ky = 0; ky < kernelHeight; ky++) {
        const iy = oy * strideY + ky * dilationY - padTop;
        for (let kx = 0; kx < kernelWidth; kx++) {
          if (iy >= 0 && iy < inHeight) {
            let d = dy + <usize>((n * outHeight + oy) * outWidth) * outBytes;
            let ix = kx * dilationX - padLeft;
            for (let ox = 0; ox < outWidth; ox++) {
              if (ix >= 0 && ix < inWidth) {
                const xi = x + <usize>((n * inHeight + iy) * inWidth + ix) * inBytes;
                if (multiplier !== 1) multiplyAddGroups(xi, d, tap, channels, multiplier, input);
                else if (input) multiplyAdd(d, tap, xi, channels);
                else multiplyAdd(d, xi, tap, channels);
              }
              d += outBytes;
              ix += strideX;
            }
          }
          tap += outBytes;
        }
      }
    }
  }
}
