import type { Random } from '../random.js';
import type { RgbImage } from '../types.js';
import { throughHsv } from './hsv.js';

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
  const { before, after } = photoMetricTables(draws);
  const data = before ? through(before, image.data, new Uint8Array(image.data.length)) : Uint8Array.from(image.data);
  distortHsv(data, image.width, draws);
  return { data: after ? through(after, data, data) : data, width: image.width, height: image.height };
}

/** Every byte of `from` through a table, into `to`. */
export function through(table: Uint8Array, from: RgbImage['data'], to: Uint8Array): Uint8Array {
  for (let i = 0; i < to.length; i++) to[i] = table[from[i]!]!;
  return to;
}

/** The steps that treat every byte alike, as tables: those before saturation and hue, and the one after; undefined for none. */
export function photoMetricTables({ brightness, contrast, contrastFirst }: PhotoMetricDraws): {
  before: Uint8Array | undefined;
  after: Uint8Array | undefined;
} {
  const bright = brightness === undefined ? undefined : convert(identity(), 1, brightness);
  const contrasted = contrast === undefined ? undefined : (table: Table) => convert(table, contrast, 0);
  const before = contrastFirst && contrasted ? contrasted(bright ?? identity()) : bright;
  return { before, after: contrastFirst ? undefined : contrasted?.(identity()) };
}

/** Saturation, then hue, in place. */
export function distortHsv(data: Uint8Array, width: number, { saturation, hue }: PhotoMetricDraws): void {
  const same = identity();
  if (saturation !== undefined) throughHsv(data, width, same, convert(same, saturation, 0));
  if (hue !== undefined)
    throughHsv(
      data,
      width,
      same.map((h) => (((h + hue) % 180) + 180) % 180),
      same,
    );
}

type Table = Uint8Array<ArrayBuffer>;

const identity = (): Table => Uint8Array.from({ length: 256 }, (_, v) => v);

/** The table of x·alpha + beta in float32, clipped and truncated, after another table. */
function convert(after: Table, alpha: number, beta: number): Table {
  const a = Math.fround(alpha);
  const b = Math.fround(beta);
  return after.map((v) => Math.min(255, Math.max(0, Math.fround(Math.fround(v * a) + b))));
}
