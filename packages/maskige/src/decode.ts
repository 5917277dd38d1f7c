import { type Colors, nearestColor } from './colors.js';
import { type CodecOptions, type Compiled, compile, tableOf } from './compiled.js';
import { listDecoder, type Nearest } from './list-decoder.js';
import { planeDecoder } from './plane-decoder.js';
import type { ImageView, LabelMap, LabelView, Palette } from './types.js';
import { type Layout, layout, sameSize } from './view.js';

export interface DecodeOptions extends CodecOptions {
  /** Write here instead of into a new buffer. */
  readonly out?: LabelView;
}

/** Below this many distances (pixels × colours) tables do not pay. */
const fewDistances = 1 << 16;

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
  const from = layout('decode', image, 'image');
  const { width, height } = from;
  const size = width * height;
  const { target, to, bytes } = decodeTarget('decode', from, compiled, options.out);
  const { data } = image;
  if (data instanceof Float32Array || data instanceof Float64Array) refuseNaN(data, from, 'decode');
  else if (bytes && size * compiled.colors.count > fewDistances && size >= 1 << 13) {
    const run = tableOf(compiled, 'planes', planeDecoder);
    if (run) {
      const packed = from.stride === width * from.channels && to.stride === width;
      const [rows, length] = packed ? [1, size] : [height, width];
      for (let y = 0; y < rows; y++) {
        run(data, from.offset + y * from.stride, target.data, to.offset + y * to.stride, length, from.channels);
      }
      return target;
    }
  }
  const { labels } = compiled.colors;
  const nearest = nearestOf(compiled, size);
  for (let y = 0; y < height; y++) {
    let i = from.offset + y * from.stride;
    const start = to.offset + y * to.stride;
    for (let x = 0; x < width; x++, i += from.channels) {
      target.data[start + x] = labels[nearest(data[i]!, data[i + 1]!, data[i + 2]!)]!;
    }
  }
  return target;
}

/** The way to the nearest colour that suits the amount of work. */
export function nearestOf(compiled: Compiled, pixels: number): Nearest {
  const few = pixels * compiled.colors.count <= fewDistances && !compiled.tables.has('lists');
  return few ? brute(compiled.colors) : tableOf(compiled, 'lists', listDecoder);
}

const brute =
  (colors: Colors): Nearest =>
  (r, g, b) =>
    nearestColor(colors, r, g, b);

/** Where labels go: the caller's map, or a new one of 8 bits if all ids fit. */
export function decodeTarget(who: string, from: Layout, { colors, ignore }: Compiled, out: LabelView | undefined) {
  const { width, height } = from;
  const largest = colors.labels.reduce((a, b) => Math.max(a, b));
  const bytes = largest <= 255;
  const target: LabelMap = out ?? {
    data: bytes ? new Uint8Array(width * height) : new Uint16Array(width * height),
    width,
    height,
  };
  const to = layout(`${who}: out`, target, 'labels');
  sameSize(who, from, to);
  if (!bytes && target.data instanceof Uint8Array) {
    throw new RangeError(
      `${who}: out must be a Uint16Array for labels up to ${largest}${ignore === largest ? ' (ignore)' : ''}.`,
    );
  }
  return { target, to, bytes };
}

/** Throws at the first value that is not a number. */
export function refuseNaN(
  data: Float32Array | Float64Array,
  { width, height, offset, stride, channels }: Layout,
  who = 'decode',
): void {
  for (let y = 0; y < height; y++) {
    const start = offset + y * stride;
    for (let i = start; i < start + width * channels; i++) {
      if (Number.isFinite(data[i])) continue;
      const x = Math.floor((i - start) / channels);
      throw new RangeError(
        `${who}: the value at (${x}, ${y}) is ${data[i]}. Expected finite numbers in the scale 0..255.`,
      );
    }
  }
}
