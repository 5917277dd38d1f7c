/**
 * Gradient of max pooling: dy goes to the first largest value of its window (padding is never chosen, whatever the
 * sign of the values; a window whose values are all NaN gives to its first pixel).
 */
export function maxPoolGradient(
  x: usize,
  dy: usize,
  dx: usize,
  batch: i32,
  inHeight: i32,
  inWidth: i32,
  channels: i32,
  outHeight: i32,
  outWidth: i32,
  windowHeight: i32,
  windowWidth: i32,
  strideY: i32,
  strideX: i32,
  dilationY: i32,
  dilationX: i32,
  padTop: i32,
  padLeft: i32,
): void {
  memory.fill(dx, 0, (<usize>(batch * inHeight * inWidth * channels)) << 2);
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        for (let c = 0; c < channels; c++) {
          let best: f32 = -Infinity;
          let place = -1;
          for (let ky = 0; ky < windowHeight; ky++) {
            const iy = oy * strideY + ky * dilationY - padTop;
            if (iy < 0 || iy >= inHeight) continue;
            for (let kx = 0; kx < windowWidth; kx++) {
              const ix = ox * strideX + kx * dilationX - padLeft;
              if (ix < 0 || ix >= inWidth) continue;
              const at = ((n * inHeight + iy) * inWidth + ix) * channels + c;
              const value = load<f32>(x + ((<usize>at) << 2));
              if (place < 0 || value > best) {
                best = value;
                place = at;
              }
            }
          }
          if (place >= 0) {
            const target = dx + ((<usize>place) << 2);
            store<f32>(target, load<f32>(target) + load<f32>(dy));
          }
          dy += 4;
        }
      }
    }
  }
}
