import { writeFileAtomic } from '@gss/checkpoint/node';
import type { LabelMap, RgbImage } from '@gss/maskige';
import { encode as encodePng } from 'fast-png';
import sharp from 'sharp';

type Rgb = readonly [number, number, number];

/** A label map as an index PNG: one grey channel of 8 (or 16) bits, the class id as the value. */
export function indexPng({ data, width, height }: LabelMap): Uint8Array {
  return encodePng({
    data: data as Uint8Array,
    width,
    height,
    channels: 1,
    depth: data instanceof Uint16Array ? 16 : 8,
  });
}

const raw = ({ data, width, height }: RgbImage) => sharp(data, { raw: { width, height, channels: 3 } });

/** [H, W, 3] as PNG. */
export const rgbPng = (image: RgbImage): Promise<Buffer> => raw(image).png().toBuffer();
/** [H, W, 3] as JPEG of `quality` 1..100. */
export const rgbJpeg = (image: RgbImage, quality = 88): Promise<Buffer> => raw(image).jpeg({ quality }).toBuffer();

/** Labels in their drawing colours; ids beyond the list (unlabelled) are black. */
export function draw({ data, width, height }: LabelMap, colours: readonly Rgb[]): RgbImage {
  const table = new Uint8Array(65536 * 3);
  for (const [id, colour] of colours.entries()) table.set(colour, id * 3);
  const out = new Uint8Array(width * height * 3);
  for (let i = 0, o = 0; i < data.length; i++) {
    const at = data[i]! * 3;
    out[o++] = table[at]!;
    out[o++] = table[at + 1]!;
    out[o++] = table[at + 2]!;
  }
  return { data: out, width, height };
}

/** Picture and colours mixed: share 0 is the picture, 1 the colours. */
export function overlay(image: RgbImage, colours: RgbImage, share = 0.55): RgbImage {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = image.data[i]! * (1 - share) + colours.data[i]! * share + 0.5;
  return { data, width: image.width, height: image.height };
}

/** Confidence 0..1 as a heat map: dark violet where uncertain, over orange to light yellow where certain. */
export function heat(confidence: Float32Array, width: number, height: number): RgbImage {
  const stops: Rgb[] = [
    [0, 0, 4],
    [87, 16, 110],
    [188, 55, 84],
    [249, 142, 9],
    [252, 255, 164],
  ];
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < confidence.length; i++) {
    const at = Math.min(0.9999, Math.max(0, confidence[i]!)) * (stops.length - 1);
    const low = Math.floor(at);
    for (let c = 0; c < 3; c++)
      data[i * 3 + c] = stops[low]![c]! + (stops[low + 1]![c]! - stops[low]![c]!) * (at - low);
  }
  return { data, width, height };
}

/** Bytes by path, each file written whole or not at all. */
export const writeAll = async (files: Readonly<Record<string, Uint8Array>>): Promise<void> => {
  for (const [path, bytes] of Object.entries(files)) await writeFileAtomic(path, bytes);
};
