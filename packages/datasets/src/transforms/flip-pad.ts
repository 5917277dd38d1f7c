import { ignoreIndex, type LabelMap, type RgbImage } from '../types.js';
import type { Size } from './geometry.js';
import type { FloatImage } from './normalize.js';

/** Left to right, in a new buffer. */
export function flipImage(image: RgbImage): RgbImage {
  const { data, width, height } = image;
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    let to = 3 * y * width;
    for (let from = 3 * ((y + 1) * width - 1); from >= 3 * y * width; from -= 3, to += 3) {
      out[to] = data[from]!;
      out[to + 1] = data[from + 1]!;
      out[to + 2] = data[from + 2]!;
    }
  }
  return { data: out, width, height };
}

/** Left to right, in a new buffer. */
export function flipLabels({ data, width, height }: LabelMap): LabelMap {
  const out = data.slice();
  for (let y = 0; y < height; y++) out.subarray(y * width, (y + 1) * width).reverse();
  return { data: out, width, height };
}

/**
 * Fills up at the right and at the bottom to at least the size. Padding follows normalisation in mmsegmentation, so that the
 * default 0 is the mean colour there and black in a picture of bytes.
 */
export function padImage<T extends RgbImage | FloatImage>(
  image: T,
  to: Size,
  value: readonly [number, number, number] = [0, 0, 0],
): T {
  const width = Math.max(to.width, image.width);
  const height = Math.max(to.height, image.height);
  if (width === image.width && height === image.height) return image;
  const length = 3 * width * height;
  const data = image.data instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length);
  if (value.some((v) => v !== 0)) for (let i = 0; i < length; i++) data[i] = value[i % 3]!;
  for (let y = 0; y < image.height; y++)
    data.set(image.data.subarray(3 * y * image.width, 3 * (y + 1) * image.width), 3 * y * width);
  return { data, width, height } as unknown as T;
}

/** Fills up at the right and at the bottom, with 255 (unlabelled) unless told otherwise. */
export function padLabels(labels: LabelMap, to: Size, value: number = ignoreIndex): LabelMap {
  const width = Math.max(to.width, labels.width);
  const height = Math.max(to.height, labels.height);
  if (width === labels.width && height === labels.height) return labels;
  const length = width * height;
  const data = (labels.data instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length)).fill(value);
  for (let y = 0; y < labels.height; y++)
    data.set(labels.data.subarray(y * labels.width, (y + 1) * labels.width), y * width);
  return { data, width, height };
}

/** `reduce_zero_label`: 0 becomes 255 (unlabelled), 1..254 move down by one, 255 stays. */
export function reduceZeroLabel({ data, width, height }: LabelMap): LabelMap {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const id = data[i]!;
    out[i] = id === 0 || id === 255 ? ignoreIndex : id - 1;
  }
  return { data: out, width, height };
}
