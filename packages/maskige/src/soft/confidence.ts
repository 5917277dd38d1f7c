import { type Colors, squaredDistance } from '../colors.js';
import { compile, tableOf } from '../compiled.js';
import { type DecodeOptions, decodeTarget, refuseNaN } from '../decode.js';
import type { ImageView, LabelMap, Palette } from '../types.js';
import { layout } from '../view.js';

export interface ConfidentLabels {
  readonly labels: LabelMap;
  /** [height, width] in 0..1: 1 − d₁ / d₂ of the distances to the nearest and second nearest colour. */
  readonly confidence: Float32Array;
  /** d₂ − d₁, [height, width], in RGB units: the class changes only when the pixel moves by half of it or more. */
  readonly margin: Float32Array;
}

/**
 * 𝒳⁻¹ with its certainty: the labels of `decode`, and for each pixel how clearly its nearest colour won. 1 on a class
 * colour, 0 half-way between two. A palette of one colour is always certain, with a margin of Infinity.
 */
export function decodeWithConfidence(image: ImageView, palette: Palette, options: DecodeOptions = {}): ConfidentLabels {
  const who = 'decodeWithConfidence';
  const compiled = compile(who, palette, options);
  const from = layout(who, image, [3, 4]);
  const { width, height, offset, stride, channels } = from;
  const { target, to } = decodeTarget(who, from, compiled, options.out);
  const confidence = new Float32Array(width * height);
  const margin = new Float32Array(width * height);
  const twoNearest = tableOf(compiled, 'two nearest', twoNearestColors);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = offset + y * stride + x * channels;
      const [r, g, b] = [image.data[i]!, image.data[i + 1]!, image.data[i + 2]!];
      refuseNaN(who, r, g, b, x, y);
      const [k, d1, d2] = twoNearest(r, g, b);
      target.data[to.offset + y * to.stride + x] = compiled.colors.labels[k]!;
      const [near, far] = [Math.sqrt(d1), Math.sqrt(d2)];
      confidence[y * width + x] = far === 0 ? 0 : 1 - near / far;
      margin[y * width + x] = far - near;
    }
  }
  return { labels: target, confidence, margin };
}

type TwoNearest = (r: number, g: number, b: number) => readonly [number, number, number];

/** Number of the nearest colour, its squared distance and that of the second nearest. */
function twoNearestColors({ rgb, labels }: Colors): TwoNearest {
  const all = Uint16Array.from(labels.keys());
  const lists: Uint16Array[] = [];
  const result: [number, number, number] = [0, 0, 0];
  return (r, g, b) => {
    let list: Uint16Array = all;
    if (Math.min(r, g, b) >= 0 && Math.max(r, g, b) < 256) {
      const box = ((r >> 4) << 8) | ((g >> 4) << 4) | (b >> 4);
      list = lists[box] ??= candidates(rgb, all, [r & ~15, g & ~15, b & ~15]);
    }
    let [best, least, second] = [0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const k of list) {
      const d = squaredDistance(rgb, k, r, g, b);
      if (d < least) {
        second = least;
        least = d;
        best = k;
      } else if (d < second) second = d;
    }
    [result[0], result[1], result[2]] = [best, least, second];
    return result;
  };
}

/** The colours that can be one of the two nearest in a box of 16³: no farther at best than two others are at worst. */
function candidates(rgb: Uint8Array, all: Uint16Array, corner: readonly number[]): Uint16Array {
  const range = (k: number, farthest: boolean) =>
    corner.reduce((sum, low, c) => {
      const v = rgb[3 * k + c]!;
      const d = farthest ? Math.max(v - low, low + 16 - v) : Math.max(0, low - v, v - low - 16);
      return sum + d * d;
    }, 0);
  let [first, second] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const k of all) {
    const worst = range(k, true);
    if (worst < first) [first, second] = [worst, first];
    else if (worst < second) second = worst;
  }
  return all.filter((k) => range(k, false) <= second);
}
