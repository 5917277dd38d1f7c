import type { Colors } from './colors.js';
import { type CodecOptions, compile, tableOf } from './compiled.js';
import { type EncodeRun, pairEncoder } from './pair-encoder.js';
import type { ByteView, LabelView, Palette, RgbaImage, RgbImage } from './types.js';
import { layout } from './view.js';

export interface EncodeOptions extends CodecOptions {
  /** 3 for RGB (default), 4 for RGBA with alpha 255. */
  readonly channels?: 3 | 4;
  /** Write here (for instance into a rectangle of a larger image) instead of into a new buffer. */
  readonly out?: ByteView;
}

/**
 * 𝒳: labels [H, W] → maskige [H, W, 3], x = cβ (§3.3): each pixel gets the colour of its class.
 * With `ignore`, pixels of that label get `ignoreColor` (black by default).
 *
 * @throws RangeError for a label without a colour, a buffer that is too small, a palette whose colours are too near.
 */
export function encode(map: LabelView, palette: Palette, options: EncodeOptions & { channels: 4 }): RgbaImage;
export function encode(map: LabelView, palette: Palette, options?: EncodeOptions): RgbImage;
export function encode(map: LabelView, palette: Palette, options: EncodeOptions = {}): RgbImage {
  const compiled = compile('encode', palette, options);
  const from = layout('encode', map, [1]);
  const { width, height } = from;
  const size = width * height;
  const channels = options.channels ?? options.out?.channels ?? 3;
  const target: ByteView = options.out ?? {
    data: new Uint8ClampedArray(size * channels),
    width,
    height,
    ...(channels === 4 && { channels }),
  };
  const to = layout('encode: out', { ...target, channels }, [3, 4], from);

  const large = map.data.BYTES_PER_ELEMENT === 1 && size >= 8192;
  const pairs = large && tableOf(compiled, `pairs${channels}`, (colors) => pairEncoder(colors, channels));
  const run = pairs || tableOf(compiled, 'rgb', colorEncoder);
  const packed = from.stride === width && to.stride === width * channels;
  const length = packed ? size : width;
  for (let y = 0; y < height && (!y || !packed); y++) {
    const start = from.offset + y * from.stride;
    if (run(map.data, start, target.data, to.offset + y * to.stride, length, channels)) continue;
    const bad = map.data.subarray(start, start + length).findIndex((label) => !compiled.colors.labels.includes(label));
    throw new RangeError(
      `encode: label ${map.data[start + bad]} at pixel ${y * width + bad} has no colour (palette has ${palette.length}). Map ignored pixels to 255, pass ignore: 255.`,
    );
  }
  return target;
}

/** One colour a label, looked up pixel by pixel: for 16-bit labels, and where WebAssembly is not to be had. */
function colorEncoder({ rgb, labels }: Colors): EncodeRun {
  const places = new Int32Array(65536).fill(-1);
  labels.forEach((label, k) => {
    places[label] = 3 * k;
  });
  return (from, at, to, toAt, n, channels) => {
    for (let i = at, j = toAt; i < at + n; i++, j += channels) {
      const k = places[from[i]!]!;
      if (k < 0) return false;
      to[j] = rgb[k]!;
      to[j + 1] = rgb[k + 1]!;
      to[j + 2] = rgb[k + 2]!;
      if (channels > 3) to[j + 3] = 255;
    }
    return true;
  };
}
