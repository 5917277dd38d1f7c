import type { RgbImage } from '../types.js';

/** [H, W, 3] in float32: what a network takes. */
export interface FloatImage {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

type Triple = readonly [number, number, number];

/** ImageNet's mean and standard deviation, RGB, in grey levels: what every backbone of the paper was trained with. */
export const imageNetMean: Triple = [123.675, 116.28, 103.53];
export const imageNetStd: Triple = [58.395, 57.12, 57.375];

/** (x − mean) / std per channel, as mmcv computes it: float32 after each step, times 1/std. */
export function normalize(
  { data, width, height }: RgbImage,
  mean: Triple = imageNetMean,
  std: Triple = imageNetStd,
): FloatImage {
  const table = new Float32Array(768); // [3, 256]
  for (let k = 0; k < 3; k++)
    for (let v = 0; v < 256; v++) table[256 * k + v] = Math.fround(v - mean[k]!) * (1 / std[k]!);
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    out[i] = table[data[i]!]!;
    out[i + 1] = table[256 + data[i + 1]!]!;
    out[i + 2] = table[512 + data[i + 2]!]!;
  }
  return { data: out, width, height };
}
