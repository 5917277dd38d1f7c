import { uniform } from '../random.js';
import type { ImageView, RgbImage } from '../types.js';
import { layout } from '../view.js';

/** A plain RGB copy of any byte image or view. */
function rgbOf(who: string, image: ImageView): RgbImage {
  const { width, height, offset, stride, channels } = layout(who, image, [3, 4]);
  const data = new Uint8ClampedArray(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) data[3 * (y * width + x) + c] = image.data[offset + y * stride + x * channels + c]!;
    }
  }
  return { data, width, height };
}

/** Adds independent normal noise of standard deviation `sigma` (in grey levels) to every value. */
export function gaussianNoise(image: ImageView, sigma: number, seed = 0): RgbImage {
  requireLevel('gaussianNoise', 'sigma', sigma);
  const { data, width, height } = rgbOf('gaussianNoise', image);
  const random = uniform(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return { data: Uint8ClampedArray.from(data, (v) => v + sigma * normal()), width, height };
}

/** Blurs with a normal kernel of standard deviation `sigma` (in pixels), borders repeated. */
export function gaussianBlur(image: ImageView, sigma: number): RgbImage {
  requireLevel('gaussianBlur', 'sigma', sigma);
  const source = rgbOf('gaussianBlur', image);
  const reach = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * (sigma || 1) ** 2)),
  );
  const sum = kernel.reduce((a, b) => a + b);
  return bothWays(source, source.width, source.height, (at) => ({
    first: Math.round(at) - reach,
    weights: kernel.map((v) => v / sum),
  }));
}

/** Shrinks by `factor` (each pixel the mean of those it covers) and enlarges again (bilinear, half-pixel centres). */
export function downAndUp(image: ImageView, factor: number): RgbImage {
  requireLevel('downAndUp', 'factor', factor, 1);
  const source = rgbOf('downAndUp', image);
  const [w, h] = [source.width, source.height].map((n) => Math.max(1, Math.round(n / factor))) as [number, number];
  const small = bothWays(source, w, h, (at, scale) => {
    const [low, high] = [at - scale / 2 + 0.5, at + scale / 2 + 0.5];
    const first = Math.floor(low);
    const covered = (i: number) => Math.max(0, Math.min(high, i + 1) - Math.max(low, i));
    return { first, weights: Array.from({ length: Math.ceil(high) - first }, (_, i) => covered(first + i) / scale) };
  });
  return bothWays(small, source.width, source.height, (at) => {
    const first = Math.floor(at);
    return { first, weights: [1 - (at - first), at - first] };
  });
}

/** Pixels `first`, `first + 1`, … of the source that make up one of the output. */
type Window = (at: number, scale: number) => { first: number; weights: number[] };

/** Resamples columns, then rows; `window` gets the position in the source of an output pixel's centre. */
function bothWays({ data, width, height }: RgbImage, w: number, h: number, window: Window): RgbImage {
  const across = new Float64Array(w * height * 3);
  for (let x = 0; x < w; x++) {
    const { first, weights } = window(((x + 0.5) * width) / w - 0.5, width / w);
    for (let i = 0; i < weights.length; i++) {
      const from = Math.min(width - 1, Math.max(0, first + i));
      for (let y = 0; y < height; y++) {
        for (let c = 0; c < 3; c++) across[3 * (y * w + x) + c]! += weights[i]! * data[3 * (y * width + from) + c]!;
      }
    }
  }
  const both = new Float64Array(w * h * 3);
  for (let y = 0; y < h; y++) {
    const { first, weights } = window(((y + 0.5) * height) / h - 0.5, height / h);
    for (let i = 0; i < weights.length; i++) {
      const from = Math.min(height - 1, Math.max(0, first + i));
      for (let x = 0; x < 3 * w; x++) both[3 * y * w + x]! += weights[i]! * across[3 * from * w + x]!;
    }
  }
  return { data: Uint8ClampedArray.from(both), width: w, height: h };
}

function requireLevel(who: string, name: string, value: number, least = 0): void {
  if (!(value >= least && value < 1e4))
    throw new RangeError(`${who}: ${name} must be at least ${least}, got ${value}.`);
}
