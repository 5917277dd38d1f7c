/**
 * Packs columns of im2col(x) in the panels that multiplyPanels reads, without ever storing im2col(x).
 * A row is one output pixel (n, oy, ox) of the convolution, a column one tap and input channel (ky, kx, c).
 */

// The convolution at hand; one at a time, as wasm has one thread here.
let inHeight: i32 = 0;
let inWidth: i32 = 0;
let channels: i32 = 0;
let outHeight: i32 = 0;
let outWidth: i32 = 0;
let kernelWidth: i32 = 0;
let strideY: i32 = 0;
let strideX: i32 = 0;
let dilationY: i32 = 0;
let dilationX: i32 = 0;
let padTop: i32 = 0;
let padLeft: i32 = 0;

/** Sets the geometry for the calls that follow; pads may be negative. */
export function setConvolution(
  height: i32,
  width: i32,
  inputChannels: i32,
  targetHeight: i32,
  targetWidth: i32,
  filterWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  top: i32,
  left: i32,
): void {
  inHeight = height;
  inWidth = width;
  channels = inputChannels;
  outHeight = targetHeight;
  outWidth = targetWidth;
  kernelWidth = filterWidth;
  strideY = strideHeight;
  strideX = strideWidth;
  dilationY = dilationHeight;
  dilationX = dilationWidth;
  padTop = top;
  padLeft = left;
}

/** ⌈a / b⌉ for b > 0 and any a. */
function ceilDivide(a: i32, b: i32): i32 {
  return a > 0 ? (a + b - 1) / b : -(-a / b);
}

/** Copies one column, or four when `quad`, for `count` pixels from pixel `first`; rows of the target are 32 bytes apart. */
function packColumn(x: usize, column: i32, quad: bool, first: i32, count: i32, target: usize): void {
  const tap = column / channels;
  const channel = column - tap * channels;
  const ky = (tap / kernelWidth) * dilationY - padTop;
  const kx = (tap % kernelWidth) * dilationX - padLeft;
  // Pixels of a row whose input column lies in the image: low ≤ ox < high.
  const low = max(0, min(outWidth, ceilDivide(-kx, strideX)));
  const high = max(low, min(outWidth, ceilDivide(inWidth - kx, strideX)));
  const step = (<usize>(strideX * channels)) << 2;
  let ox = first % outWidth;
  const row = first / outWidth;
  let oy = row % outHeight;
  let n = row / outHeight;
  const zero = f32x4.splat(0);
  while (count > 0) {
    const run = min(outWidth - ox, count);
    const end = ox + run;
    const iy = oy * strideY + ky;
    const inside = iy >= 0 && iy < inHeight;
    const from = inside ? max(ox, min(low, end)) : end;
    const to = inside ? max(from, min(high, end)) : end;
    let s = x + ((<usize>(((n * inHeight + iy) * inWidth + from * strideX + kx) * channels + channel)) << 2);
    if (quad) {
      for (let i = ox; i < from; i++) {
        v128.store(target, zero);
        target += 32;
      }
      for (let i = from; i < to; i++) {
        v128.store(target, v128.load(s));
        s += step;
        target += 32;
      }
      for (let i = to; i < end; i++) {
        v128.store(target, zero);
        target += 32;
      }
    } else {
      for (let i = ox; i < from; i++) {
        store<f32>(target, 0);
        target += 32;
      }
      for (let i = from; i < to; i++) {
        store<f32>(target, load<f32>(s));
        s += step;
        target += 32;
      }
      for (let i = to; i < end; i++) {
        store<f32>(target, 0);
        target += 32;
      }
    }
    count -= run;
    ox = 0;
    oy++;
    if (oy === outHeight) {
      oy = 0;
      n++;
    }
  }
}

/** Packs `columns` columns from `column`, `count` pixels from `first`, in panels of eight columns. */
export function packImage(x: usize, first: i32, count: i32, column: i32, columns: i32, target: usize): void {
  const panel = (<usize>count) << 5;
  if (columns & 7) memory.fill(target + <usize>(columns >> 3) * panel, 0, panel);
  if ((channels & 3) === 0) {
    for (let j = 0; j < columns; j += 4) {
      packColumn(x, column + j, true, first, count, target + <usize>(j >> 3) * panel + ((<usize>(j & 4)) << 2));
    }
  } else {
    for (let j = 0; j < columns; j++) {
      packColumn(x, column + j, false, first, count, target + <usize>(j >> 3) * panel + ((<usize>(j & 7)) << 2));
    }
  }
}
