import type { RgbImage } from '@gss/maskige';
import { ShapeError } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Bytes with alpha, as the browser's ImageData: R, G, B, A of every pixel, row by row. Alpha is dropped. */
export interface RgbaImage {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** One picture: 3 bytes a pixel (RgbImage), 4 (ImageData), or a tensor [H, W, 3] in 0..255, which stays the caller's. */
export type SegmenterImage = RgbImage | RgbaImage | tf.Tensor3D;

/** Several pictures: a tensor [B, H, W, 3] in 0..255, which stays the caller's, or a list of pictures of any sizes. */
export type SegmenterBatch = tf.Tensor4D | readonly SegmenterImage[];

const isBatch = (images: SegmenterImage | SegmenterBatch): images is SegmenterBatch =>
  Array.isArray(images) || (images instanceof tf.Tensor && images.rank === 4);

/** RGBA → RGB as floats, in one pass. */
function withoutAlpha(data: Uint8Array | Uint8ClampedArray): Float32Array {
  const rgb = new Float32Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    rgb[to++] = data[from]!;
    rgb[to++] = data[from + 1]!;
    rgb[to++] = data[from + 2]!;
  }
  return rgb;
}

function checkTensor(who: string, image: tf.Tensor): void {
  const { shape, dtype, rank } = image;
  const expected = rank === 4 ? '[B, H, W, 3]' : '[H, W, 3]';
  if ((rank !== 3 && rank !== 4) || shape.some((side) => side < 1) || shape[rank - 1] !== 3) {
    const [C, first] = [shape[rank - 1], shape[rank - 3]];
    const remedy =
      C === 4
        ? 'Drop the alpha channel: tf.slice(image, [0, 0, 0], [-1, -1, 3]).'
        : C === 1
          ? 'Repeat the grey channel: tf.tile(image, [1, 1, 3]).'
          : first === 3
            ? 'Images are channels-last: tf.transpose(image, [1, 2, 0]).'
            : 'Images are RGB, channels last, and not empty.';
    throw new ShapeError(who, expected, shape, remedy);
  }
  if (dtype !== 'float32' && dtype !== 'int32')
    throw new TypeError(`${who}: expected a float32 or int32 tensor in 0..255, got ${dtype}. Cast it first.`);
}

function checkBytes(who: string, { data, width, height }: RgbImage | RgbaImage): void {
  const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  const bytes = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  if (!whole || !bytes || (data.length !== width * height * 3 && data.length !== width * height * 4)) {
    const got = bytes ? `${data.length} bytes` : String((data as object | undefined)?.constructor?.name);
    throw new RangeError(
      `${who}: expected ${width} × ${height} pixels of 3 bytes (RGB) or 4 (RGBA), got ${got}. Channels lie side by side, row after row.`,
    );
  }
}

const check = (who: string, image: SegmenterImage) =>
  image instanceof tf.Tensor ? checkTensor(who, image) : checkBytes(who, image);

/** Height and width. */
const sizeOf = (image: SegmenterImage): readonly [number, number] =>
  image instanceof tf.Tensor ? [image.shape[0], image.shape[1]] : [image.height, image.width];

/** A picture as [1, H, W, 3] float32, a tensor of its own. */
export function toTensor(who: string, image: SegmenterImage): tf.Tensor4D {
  check(who, image);
  if (image instanceof tf.Tensor) return tf.tidy(() => tf.cast(tf.expandDims(image, 0), 'float32') as tf.Tensor4D);
  const { data, width, height } = image;
  const rgb = data.length === width * height * 3 ? new Float32Array(data) : withoutAlpha(data);
  return tf.tensor4d(rgb, [1, height, width, 3]);
}

/** Pictures that go through the network together. */
export interface Group {
  /** How many. */
  readonly count: number;
  readonly size: readonly [height: number, width: number];
  /** Whether there may be numbers in it that are none. */
  readonly floats: boolean;
  /** [count, H, W, 3] float32, a tensor of its own. */
  make(): tf.Tensor4D;
}

const isFloat = (image: SegmenterImage) => image instanceof tf.Tensor && image.dtype === 'float32';

function groupsOfTensor(images: tf.Tensor4D, batchSize: number): Group[] {
  const [B, H, W] = images.shape;
  return Array.from({ length: Math.ceil(B / batchSize) }, (_, i) => {
    const count = Math.min(batchSize, B - i * batchSize);
    const make = () =>
      tf.tidy(() => tf.cast(tf.slice(images, [i * batchSize, 0, 0, 0], [count, H, W, 3]), 'float32') as tf.Tensor4D);
    return { count, size: [H, W] as const, floats: images.dtype === 'float32', make };
  });
}

function groupsOfList(who: string, images: readonly SegmenterImage[], batchSize: number): Group[] {
  const groups: SegmenterImage[][] = [];
  for (const image of images) {
    const last = groups.at(-1);
    const fits = last && last.length < batchSize && sizeOf(last[0]!).join() === sizeOf(image).join();
    if (fits) last.push(image);
    else groups.push([image]);
  }
  return groups.map((group) => ({
    count: group.length,
    size: sizeOf(group[0]!),
    floats: group.some(isFloat),
    make: () =>
      group.length === 1
        ? toTensor(who, group[0]!)
        : tf.tidy(() => tf.concat(group.map((image) => toTensor(who, image)))),
  }));
}

/**
 * Pictures in the order in which they come, in groups of at most `batchSize` neighbours of one size; all are checked
 * before the first is made.
 * @returns the groups, and whether the caller gave several pictures (and gets a list back) or one.
 */
export function groupImages(
  who: string,
  images: SegmenterImage | SegmenterBatch,
  batchSize: number,
): { readonly groups: readonly Group[]; readonly several: boolean } {
  if (!(Number.isInteger(batchSize) && batchSize > 0))
    throw new RangeError(
      `${who}: expected batchSize a whole number above 0, got ${batchSize}. 1 takes them one by one.`,
    );
  const several = isBatch(images);
  if (images instanceof tf.Tensor && several) {
    checkTensor(who, images);
    return { groups: groupsOfTensor(images, batchSize), several };
  }
  const list = several ? (images as readonly SegmenterImage[]) : [images as SegmenterImage];
  for (const [i, image] of list.entries()) check(several ? `${who}, image ${i}` : who, image);
  return { groups: groupsOfList(who, list, batchSize), several };
}
