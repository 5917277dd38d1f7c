import { type Colors, squaredDistance } from '../colors.js';
import { compile, tableOf } from '../compiled.js';
import { type DecodeOptions, decodeTarget, refuseNaN } from '../decode.js';
import { cellLists, inCube } from '../list-decoder.js';
import type { ImageView, LabelMap, Palette } from '../types.js';
import { layout } from '../view.js';

export interface ConfidentLabels {
  readonly labels: LabelMap;
  /** [height, width] in 0..1: 1 − d₁ / d₂ of the distances to the nearest and second nearest colour. */
  readonly confidence: Float32Array;
  /** [height, width]: d₂ − d₁, how far the pixel is from changing its class, in RGB units (an upper bound of twice that). */
  readonly margin: Float32Array;
}

/**
 * 𝒳⁻¹ with its certainty: the labels of `decode`, and for each pixel how clearly its nearest colour won. 1 on a class
 * colour, 0 half-way between two. A palette of one colour is always certain, with a margin of Infinity.
 */
export function decodeWithConfidence(image: ImageView, palette: Palette, options: DecodeOptions = {}): ConfidentLabels {
  const who = 'decodeWithConfidence';
  const compiled = compile(who, palette, options);
  const from = layout(who, image, 'image');
  const { width, height, offset, stride, channels } = from;
  const { target, to } = decodeTarget(who, from, compiled, options.out);
  if (!(image.data instanceof Uint8Array || image.data instanceof Uint8ClampedArray)) refuseNaN(image.data, from, who);
  const confidence = new Float32Array(width * height);
  const margin = new Float32Array(width * height);
  const twoNearest = tableOf(compiled, 'two nearest', twoNearestColors);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = offset + y * stride + x * channels;
      const [k, d1, d2] = twoNearest(image.data[i]!, image.data[i + 1]!, image.data[i + 2]!);
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
function twoNearestColors(colors: Colors): TwoNearest {
  const { rgb, count } = colors;
  const all = Uint16Array.from({ length: count }, (_, k) => k);
  const lists = cellLists(colors, 2);
  const result: [number, number, number] = [0, 0, 0];
  return (r, g, b) => {
    const inside = inCube(r, g, b);
    const start = inside ? lists.start(r, g, b) : -1;
    const pool = inside ? lists.pool : all;
    const end = inside ? start + pool[start]! : count - 1;
    let [best, least, second] = [0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let i = start + 1; i <= end; i++) {
      const k = pool[i]!;
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
