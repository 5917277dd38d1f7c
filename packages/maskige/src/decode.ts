import { type CodecOptions, type Compiled, compile, tableOf } from './compiled.js';
import { listDecoder } from './list-decoder.js';
import { planeDecoder } from './plane-decoder.js';
import type { ImageView, LabelMap, LabelView, Palette } from './types.js';
import { type Layout, layout } from './view.js';

export interface DecodeOptions extends CodecOptions {
  /** Write here instead of into a new buffer. */
  readonly out?: LabelView;
}

/**
 * 𝒳⁻¹: maskige [H, W, 3 or 4] → labels [H, W]: the class of the nearest colour in squared RGB distance, the lower class on
 * a tie; exactly what comparing all colours gives. Alpha is not looked at. With `ignore`, pixels nearest to `ignoreColor`
 * get that label. The first call with a palette prepares its table; later ones find it.
 *
 * @param image bytes, or real numbers in the scale 0..255 (a decoder network's output before rounding).
 * @returns 8-bit labels if all ids fit, else 16-bit; or `out`.
 * @throws RangeError for a buffer that is too small, a wrong channel count, NaN, a palette whose colours are too near.
 */
export function decode(image: ImageView, palette: Palette, options: DecodeOptions = {}): LabelMap {
  const compiled = compile('decode', palette, options);
  const { labels, largest } = compiled.colors;
  const from = layout('decode', image, [3, 4]);
  const { width, height, channels } = from;
  const { target, to } = decodeTarget('decode', from, compiled, options.out);
  const { data } = image;
  const size = width * height;
  const run =
    size >= 8192 && data.BYTES_PER_ELEMENT === 1 && largest < 256 && tableOf(compiled, 'planes', planeDecoder);
  const packed = from.stride === width * channels && to.stride === width;
  const nearest = !run && tableOf(compiled, 'lists', listDecoder);
  for (let y = 0; y < height; y++) {
    let i = from.offset + y * from.stride;
    let j = to.offset + y * to.stride;
    if (run) {
      run(data as Uint8Array, i, target.data, j, packed ? size : width, channels);
      if (packed) break;
    }
    for (let x = 0; nearest && x < width; x++, i += channels) {
      const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
      refuseNaN('decode', r, g, b, x, y);
      target.data[j++] = labels[nearest(r, g, b)]!;
    }
  }
  return target;
}

/** Where labels go: the caller's map, or a new one of 8 bits if all ids fit. */
export function decodeTarget(who: string, from: Layout, { colors }: Compiled, out: LabelView | undefined) {
  const { width, height } = from;
  const Labels = colors.largest < 256 ? Uint8Array : Uint16Array;
  const target: LabelMap = out ?? { data: new Labels(width * height), width, height };
  if (target.data.BYTES_PER_ELEMENT < Labels.BYTES_PER_ELEMENT) {
    throw new RangeError(`${who}: expected a Uint16Array as out, got 8 bits for label ${colors.largest}.`);
  }
  const to = layout(`${who}: out`, target, [1], from);
  return { target, to };
}

/** Throws if one of a pixel's values is not a finite number. */
export function refuseNaN(who: string, r: number, g: number, b: number, x: number, y: number): void {
  if (Number.isFinite(r + g + b)) return;
  throw new RangeError(`${who}: expected finite numbers in 0..255, got [${r},${g},${b}] at (${x}, ${y}).`);
}
