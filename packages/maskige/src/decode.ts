import { refuseNearColors } from './check.js';
import { type CodecOptions, ignoreColorOf } from './encode.js';
import type { ImageView, LabelMap, LabelView, Palette } from './types.js';
import { layout } from './view.js';

export interface DecodeOptions extends CodecOptions {
  /** Write here instead of into a new buffer. */
  readonly out?: LabelView;
}

/**
 * 𝒳⁻¹: maskige [H, W, 3] → labels [H, W]: the class of the nearest colour (squared RGB distance), the lower class on a tie.
 */
export function decode(image: ImageView, palette: Palette, options: DecodeOptions = {}): LabelMap {
  const { ignore, force } = options;
  const ignoreColor = ignoreColorOf('decode', palette, options);
  if (!force) refuseNearColors('decode', palette, ignoreColor);
  const { width, height, offset, stride, channels } = layout('decode', image, 'image');
  const bytes = palette.length <= 256 && (ignore ?? 0) <= 255;
  const target = options.out ?? {
    data: bytes ? new Uint8Array(width * height) : new Uint16Array(width * height),
    width,
    height,
  };
  const to = layout('decode: out', target, 'labels');
  const colors = ignoreColor ? [...palette, ignoreColor] : palette;
  const known = new Map<number, number>();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = offset + y * stride + x * channels;
      const [r, g, b] = [image.data[i]!, image.data[i + 1]!, image.data[i + 2]!];
      const key = r * 65536 + g * 256 + b;
      let label = known.get(key);
      if (label === undefined) {
        let best = Number.POSITIVE_INFINITY;
        for (let k = 0; k < colors.length; k++) {
          const c = colors[k]!;
          const d = (r - c[0]) ** 2 + (g - c[1]) ** 2 + (b - c[2]) ** 2;
          if (d < best) [best, label] = [d, k];
        }
        label = label === palette.length ? ignore! : label!;
        known.set(key, label);
      }
      target.data[to.offset + y * to.stride + x] = label;
    }
  }
  return target;
}
