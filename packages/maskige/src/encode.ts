import { refuseNearColors, validateColor, validatePalette } from './check.js';
import type { ByteView, LabelView, Palette, Rgb, RgbaImage, RgbImage } from './types.js';
import { layout } from './view.js';

export interface CodecOptions {
  /** The label of unlabelled pixels, usually 255 (or 65535). Without it every label must be a class. */
  readonly ignore?: number;
  /** The colour of unlabelled pixels. Default black when `ignore` is given. */
  readonly ignoreColor?: Rgb;
  /** Use the palette even if some of its colours are too near to be told apart. */
  readonly force?: boolean;
}

export interface EncodeOptions extends CodecOptions {
  /** 3 for RGB (default), 4 for RGBA with alpha 255. */
  readonly channels?: 3 | 4;
  /** Write here (for instance a rectangle of a larger image) instead of into a new buffer. */
  readonly out?: ByteView;
}

/**
 * 𝒳: labels [H, W] → maskige [H, W, 3], x = cβ (§3.3): each pixel gets the colour of its class.
 *
 * @throws RangeError for a label without a colour, a buffer that is too small, a palette whose colours are too near.
 */
export function encode(map: LabelView, palette: Palette, options: EncodeOptions & { channels: 4 }): RgbaImage;
export function encode(map: LabelView, palette: Palette, options?: EncodeOptions): RgbImage;
export function encode(map: LabelView, palette: Palette, options: EncodeOptions = {}): RgbImage {
  const { ignore, force, out } = options;
  const ignoreColor = ignoreColorOf('encode', palette, options);
  if (!force) refuseNearColors('encode', palette, ignoreColor);
  const { width, height, offset, stride } = layout('encode', map, 'labels');
  const channels = options.channels ?? out?.channels ?? 3;
  const target = out ?? { data: new Uint8ClampedArray(width * height * channels), width, height };
  const to = layout('encode: out', { ...target, channels }, 'image');
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const label = map.data[offset + y * stride + x]!;
      const color = label === ignore ? ignoreColor : palette[label];
      if (!color)
        throw new RangeError(
          `encode: label ${label} at pixel ${y * width + x} has no colour (palette has ${palette.length}). Map ignored pixels to 255 and pass ignore: 255.`,
        );
      target.data.set(color, to.offset + y * to.stride + x * channels);
    }
  }
  return channels === 4 ? ({ ...target, channels } as RgbaImage) : target;
}

/** The colour of unlabelled pixels, after checking palette and options. */
export function ignoreColorOf(who: string, palette: Palette, { ignore, ignoreColor }: CodecOptions): Rgb | undefined {
  validatePalette(who, palette);
  if (ignore === undefined) {
    if (ignoreColor)
      throw new RangeError(`${who}: ignoreColor needs ignore, the label of unlabelled pixels (usually 255).`);
    return undefined;
  }
  if (!Number.isInteger(ignore) || ignore < palette.length || ignore > 65535) {
    throw new RangeError(
      `${who}: ignore must be a label outside the ${palette.length} classes and ≤ 65535, got ${ignore}.`,
    );
  }
  const color = ignoreColor ?? [0, 0, 0];
  validateColor(who, color, 'unlabelled pixels');
  return color;
}
