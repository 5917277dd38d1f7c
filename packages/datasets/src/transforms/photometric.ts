import type { Random } from '../random.js';
import type { RgbImage } from '../types.js';
import { hsvToRgb, rgbToHsv } from './hsv.js';

/** What one picture's distortion was drawn to be; an absent step is left out. */
export interface PhotoMetricDraws {
  /** Added to every channel. */
  readonly brightness?: number;
  /** Factor on every channel. */
  readonly contrast?: number;
  /** Contrast before saturation and hue (mode 1), or last (mode 0). */
  readonly contrastFirst: boolean;
  /** Factor on the saturation. */
  readonly saturation?: number;
  /** Added to the hue, in steps of two degrees; an integer. */
  readonly hue?: number;
}

export interface PhotoMetricOptions {
  readonly brightnessDelta?: number;
  readonly contrastRange?: readonly [number, number];
  readonly saturationRange?: readonly [number, number];
  readonly hueDelta?: number;
}

/** Each step with probability ½, in mmsegmentation's order of draws. The hue is an integer of −delta..delta−1. */
export function drawPhotoMetric(random: Random, options: PhotoMetricOptions = {}): PhotoMetricDraws {
  const { brightnessDelta = 32, contrastRange = [0.5, 1.5], saturationRange = [0.5, 1.5], hueDelta = 18 } = options;
  const brightness = random.int(2) ? random.range(-brightnessDelta, brightnessDelta) : undefined;
  const contrastFirst = random.int(2) === 1;
  const first = contrastFirst && random.int(2) ? random.range(...contrastRange) : undefined;
  const saturation = random.int(2) ? random.range(...saturationRange) : undefined;
  const hue = random.int(2) ? random.int(2 * hueDelta) - hueDelta : undefined;
  const last = !contrastFirst && random.int(2) ? random.range(...contrastRange) : undefined;
  const contrast = first ?? last;
  return {
    contrastFirst,
    ...(brightness === undefined ? {} : { brightness }),
    ...(contrast === undefined ? {} : { contrast }),
    ...(saturation === undefined ? {} : { saturation }),
    ...(hue === undefined ? {} : { hue }),
  };
}

/**
 * mmsegmentation's `PhotoMetricDistortion`: brightness, then contrast (mode 1), saturation, hue, contrast (mode 0). Every step
 * clips to 0..255 and drops the fraction, and hue and saturation go through 8-bit HSV, as in the reference.
 */
export function photoMetricDistortion(image: RgbImage, draws: PhotoMetricDraws): RgbImage {
  const { brightness, contrast, contrastFirst, saturation, hue } = draws;
  let first = identity();
  if (brightness !== undefined) first = convert(first, 1, brightness);
  if (contrast !== undefined && contrastFirst) first = convert(first, contrast, 0);
  const last = contrast !== undefined && !contrastFirst ? convert(identity(), contrast, 0) : undefined;
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = first[image.data[i]!]!;
  if (saturation !== undefined) throughHsv(data, image.width, 1, convert(identity(), saturation, 0));
  if (hue !== undefined)
    throughHsv(
      data,
      image.width,
      0,
      Uint8Array.from({ length: 256 }, (_, h) => (((h + hue) % 180) + 180) % 180),
    );
  if (last) for (let i = 0; i < data.length; i++) data[i] = last[data[i]!]!;
  return { data, width: image.width, height: image.height };
}

const identity = (): Uint8Array<ArrayBuffer> => Uint8Array.from({ length: 256 }, (_, v) => v);

/** The table of x·alpha + beta in float32, clipped and truncated, after another table. */
function convert(after: Uint8Array<ArrayBuffer>, alpha: number, beta: number): Uint8Array<ArrayBuffer> {
  const a = Math.fround(alpha);
  const b = Math.fround(beta);
  return after.map((v) => Math.min(255, Math.max(0, Math.fround(Math.fround(v * a) + b))));
}

/** Sends one channel of the HSV picture through a table, some rows at a time so that they stay in the cache. */
function throughHsv(data: Uint8Array, width: number, channel: 0 | 1, table: Uint8Array): void {
  const block = 3 * width * Math.max(1, Math.floor(8192 / width));
  const hsv = new Uint8Array(block);
  for (let from = 0; from < data.length; from += block) {
    const part = data.subarray(from, from + block);
    const own = hsv.subarray(0, part.length);
    rgbToHsv(part, own);
    for (let i = channel; i < own.length; i += 3) own[i] = table[own[i]!]!;
    hsvToRgb(own, width, part);
  }
}
