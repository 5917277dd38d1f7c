import { GEMM_SCRATCH, gemm, KC, NC } from './gemm';
import { packImage } from './im2col';
import { addRow } from './reduce';
import { multiplyPanels } from './tile';
import { transpose2d } from './transpose';

/** Pixels whose columns are made at once by {@link convInputGradient}. */
const PIXELS = 64;

/**
 * Gradient of a convolution's filter: dW[taps · C, outputs] = im2col(x)ᵀ · dy, with the geometry of setConvolution.
 * Computed as its transpose, so that im2col(x) is packed by copies only. `columns` = taps · C, `pixels` = N · outH · outW.
 * Scratch: packed columns (KC · NC), dyᵀ (outputs · KC) and dWᵀ (outputs · columns) floats.
 */
export function convFilterGradient(
  x: usize,
  dy: usize,
  dw: usize,
  columns: i32,
  outputs: i32,
  pixels: i32,
  scratch: usize,
): void {
  const rows = scratch + ((KC * NC) << 2);
  const sum = rows + ((<usize>(outputs * KC)) << 2);
  const dyStride = (<usize>outputs) << 2;
  const sumStride = (<usize>columns) << 2;
  if (pixels === 0) memory.fill(sum, 0, <usize>outputs * sumStride);
  for (let p = 0; p < pixels; p += KC) {
    const depth = min(pixels - p, KC);
    transpose2d(dy + <usize>p * dyStride, dyStride, depth, outputs, rows, KC << 2);
    for (let j = 0; j < columns; j += NC) {
      const width = min(columns - j, NC);
      packImage(x, p, depth, j, width, scratch);
      multiplyPanels(rows, KC << 2, scratch, sum + ((<usize>j) << 2), sumStride, outputs, width, depth, p > 0);
    }
  }
  transpose2d(sum, sumStride, outputs, columns, dw, dyStride);
}

/**
 * Gradient of a convolution's input for any stride: the columns dy · Wᵀ of a few pixels at a time, each added to the
 * pixels it came from. `w` is [taps, C, outputs]. Scratch: GEMM_SCRATCH, then PIXELS · taps · C floats.
 */
export function convInputGradient(
  dy: usize,
  w: usize,
  dx: usize,
  batch: i32,
  inHeight: i32,
  inWidth: i32,
  channels: i32,
  outHeight: i32,
  outWidth: i32,
  outputs: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideY: i32,
  strideX: i32,
  dilationY: i32,
  dilationX: i32,
  padTop: i32,
  padLeft: i32,
  scratch: usize,
): void {
  const columns = kernelHeight * kernelWidth * channels;
  const pixels = batch * outHeight * outWidth;
  const cols = scratch + GEMM_SCRATCH;
  const wStride = (<usize>outputs) << 2;
  const colStride = (<usize>columns) << 2;
  memory.fill(dx, 0, (<usize>(batch * inHeight * inWidth * channels)) << 2);
  for (let p = 0; p < pixels; p += PIXELS) {
    const count = min(pixels - p, PIXELS);
    const rows = dy + <usize>p * wStride;
    gemm(rows, wStride, false, w, wStride, true, cols, colStride, count, columns, outputs, false, scratch);
    for (let q = 0; q < count; q++) {
      const ox = (p + q) % outWidth;
      const line = (p + q) / outWidth;
      const iy0 = (line % outHeight) * strideY - padTop;
      const ix0 = ox * strideX - padLeft;
      const image = (line / outHeight) * inHeight;
      let source = cols + <usize>q * colStride;
      for (let ky = 0; ky < kernelHeight; ky++) {
        const iy = iy0 + ky * dilationY;
        for (let kx = 0; kx < kernelWidth; kx++) {
          const ix = ix0 + kx * dilationX;
          if (iy >= 0 && iy < inHeight && ix >= 0 && ix < inWidth) {
            addRow(source, dx + ((<usize>(((image + iy) * inWidth + ix) * channels)) << 2), channels);
          }
          source += (<usize>channels) << 2;
        }
      }
    }
  }
}
