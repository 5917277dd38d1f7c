import type { Colors } from './colors.js';
import { type CodecOptions, compile, tableOf } from './compiled.js';
import { type EncodeRun, pairEncoder } from './pair-encoder.js';
import type { ByteView, LabelView, Palette, RgbaImage, RgbImage } from './types.js';
import { layout, sameSize } from './view.js';

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
  const from = layout('encode', map, 'labels');
  const { width, height } = from;
  const { out } = options;
  const channels = options.channels ?? (out ? layout('encode: out', out, 'image').channels : 3);
  const target = out ?? { data: new Uint8ClampedArray(width * height * channels), width, height };
  const to = layout('encode: out', { ...target, channels: channels as 3 | 4 }, 'image');
  sameSize('encode', from, to);

  const { data } = map;
  const large = data instanceof Uint8Array && width * height >= 1 << 13;
  const pairs = large ? tableOf(compiled, `pairs ${channels}`, (colors) => pairEncoder(colors, channels)) : null;
  const run = pairs ?? tableOf(compiled, 'colors', colorEncoder);
  const packed = from.stride === width && to.stride === width * channels;
  const [rows, length] = packed ? [1, width * height] : [height, width];
  for (let y = 0; y < rows; y++) {
    const start = from.offset + y * from.stride;
    const known = run(data, start, target.data, to.offset + y * to.stride, length, channels);
    if (!known) refuseLabel(data, start, length, compiled.colors, palette.length, y * width);
  }
  return channels === 4 && !out ? ({ ...target, channels } as RgbaImage) : target;
}

/** One colour a label, looked up pixel by pixel: for 16-bit labels, and where WebAssembly is not to be had. */
function colorEncoder({ count, rgb, labels }: Colors): EncodeRun {
  const table = new Uint32Array(65536);
  for (let k = 0; k < count; k++) {
    table[labels[k]!] = (rgb[3 * k]! | (rgb[3 * k + 1]! << 8) | (rgb[3 * k + 2]! << 16) | (255 << 24)) >>> 0;
  }
  return (from, at, to, toAt, n, channels) => {
    let all = 0xffffffff;
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

function refuseLabel(
  data: Uint8Array | Uint16Array,
  start: number,
  length: number,
  { labels }: Colors,
  K: number,
  before: number,
): never {
  const known = new Set(labels);
  let i = 0;
  while (i < length && known.has(data[start + i]!)) i++;
  throw new RangeError(
    `encode: label ${data[start + i]} at pixel ${before + i} has no colour (palette has ${K}). Map ignored pixels to 255 and pass ignore: 255.`,
  );
}
