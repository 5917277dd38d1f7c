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
  const run = pairs || tableOf(compiled, 'colors', colorEncoder);
  const packed = from.stride === width && to.stride === width * channels;
  const length = packed ? size : width;
  for (let y = 0; y < height && (!y || !packed); y++) {
    const start = from.offset + y * from.stride;
    if (run(map.data, start, target.data, to.offset + y * to.stride, length, channels)) continue;
    const bad = map.data.subarray(start, start + length).findIndex((label) => !compiled.colors.labels.includes(label));
    throw new RangeError(
      `encode: label ${map.data[start + bad]} at pixel ${y * width + bad} has no colour (palette has ${palette.length}). Map ignored pixels to 255 and pass ignore: 255.`,
    );
  }
  return target;
}

/** One colour a label, looked up pixel by pixel: for 16-bit labels, and where WebAssembly is not to be had. */
function colorEncoder({ rgb, labels }: Colors): EncodeRun {
  const table = new Uint32Array(65536);
  labels.forEach((label, k) => {
    table[label] = rgb[3 * k]! | (rgb[3 * k + 1]! << 8) | (rgb[3 * k + 2]! << 16) | (255 << 24);
  });
  return (from, at, to, toAt, n, channels) => {
    let all = -1;
    for (let i = at, j = toAt; i < at + n; i++, j += channels) {
      const color = table[from[i]!]!;
      all &= color;
      to[j] = color & 255;
      to[j + 1] = (color >> 8) & 255;
      to[j + 2] = (color >> 16) & 255;
      if (channels === 4) to[j + 3] = 255;
    }
    return all >>> 24 === 255;
  };
}
