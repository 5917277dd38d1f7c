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

/**
 * (x − mean) / std per channel, as mmcv computes it: float32 after each step, times 1/std. With `table`, every byte goes
 * through it first; with a `buffer` of the right length, the result is written there.
 */
export function normalize(
  { data, width, height }: RgbImage,
  mean: Triple = imageNetMean,
  std: Triple = imageNetStd,
  table?: Uint8Array,
  buffer?: Float32Array,
): FloatImage {
  const [r, g, b] = [0, 1, 2].map((k) =>
    Float32Array.from({ length: 256 }, (_, v) => Math.fround((table ? table[v]! : v) - mean[k]!) * (1 / std[k]!)),
  ) as [Float32Array, Float32Array, Float32Array];
  const out = buffer && buffer.length === data.length ? buffer : new Float32Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    out[i] = r[data[i]!]!;
    out[i + 1] = g[data[i + 1]!]!;
    out[i + 2] = b[data[i + 2]!]!;
  }
  return { data: out, width, height };
}
