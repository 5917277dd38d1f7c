import * as tf from '@tensorflow/tfjs-core';
import type { ImageInput } from '../engine/api.js';

/** RGBA bytes of a picture. */
export interface Pixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** The largest picture that is read: 64 megapixels are 256 MB as RGBA. */
const largest = 64e6;

/** Draws a bitmap onto white, as pages show transparent pictures. */
function draw(bitmap: ImageBitmap): Pixels {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('segment: this browser gives no 2d canvas in a worker. Pass ImageData.');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, width, height);
}

/** Pixels of any input; a file is turned as its EXIF data say. */
export async function readPixels(image: ImageInput): Promise<Pixels> {
  if (image instanceof Blob) {
    let bitmap: ImageBitmap;
    try {
      bitmap = await createImageBitmap(image, { imageOrientation: 'from-image' });
    } catch (error) {
      throw new TypeError(
        `segment: the file (${image.type || 'unknown type'}, ${image.size} bytes) is no picture that this browser reads (${(error as Error).message}). Take PNG, JPEG or WebP.`,
      );
    }
    try {
      return readBitmap(bitmap);
    } finally {
      bitmap.close();
    }
  }
  return image instanceof ImageBitmap ? readBitmap(image) : checkSize(image);
}

const readBitmap = (bitmap: ImageBitmap): Pixels => draw(checkSize(bitmap));

function checkSize<T extends { readonly width: number; readonly height: number }>(image: T): T {
  const { width, height } = image;
  if (width * height > largest || width * height === 0)
    throw new RangeError(
      `segment: expected a picture of 1 to ${largest / 1e6} megapixels, got ${width} × ${height}. Make it smaller first.`,
    );
  return image;
}

/** A part of a picture as the network reads it: [1, h, w, 3] in 0..255. */
export function toTensor({ data, width }: Pixels, { x, y, w, h }: Region): tf.Tensor4D {
  const rgb = new Float32Array(w * h * 3);
  for (let row = 0, o = 0; row < h; row++) {
    let i = ((y + row) * width + x) * 4;
    for (let column = 0; column < w; column++, i += 4) {
      rgb[o++] = data[i]!;
      rgb[o++] = data[i + 1]!;
      rgb[o++] = data[i + 2]!;
    }
  }
  return tf.tensor4d(rgb, [1, h, w, 3]);
}

/** A rectangle of pixels. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** RGB bytes with an opaque alpha. */
export function toRgba(rgb: ArrayLike<number>): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray((rgb.length / 3) * 4);
  for (let i = 0, o = 0; o < out.length; i += 3, o += 4) {
    out[o] = rgb[i]!;
    out[o + 1] = rgb[i + 1]!;
    out[o + 2] = rgb[i + 2]!;
    out[o + 3] = 255;
  }
  return out;
}

/** Numbers in [0, 1] as bytes. */
export function toBytes(values: Float32Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8ClampedArray(values.length); // rounds and clamps
  for (let i = 0; i < out.length; i++) out[i] = values[i]! * 255;
  return new Uint8Array(out.buffer);
}
