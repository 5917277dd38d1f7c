import { DatasetError } from '../errors.js';
import type { ReadOptions } from '../source.js';
import type { LabelMap, Rgb } from '../types.js';
import { decodePng } from './decode-label.js';

/** A reader of RGB label PNGs: the raw id of a pixel is the place of its colour in the list. */
export function colorReader(
  colors: readonly Rgb[],
): (bytes: Uint8Array, file: string, options: ReadOptions) => LabelMap {
  const ids = new Map(colors.map(([r, g, b], id) => [(r << 16) | (g << 8) | b, id]));
  return (bytes, file, options) => {
    const { data, channels, depth, width, height } = decodePng(bytes, file, options.maxPixels);
    if (channels < 3 || depth !== 8)
      throw new DatasetError(
        'wrong-channels',
        `${file}: expected an RGB PNG of class colours, got ${channels} channel(s) of ${depth} bits.`,
        file,
      );
    const out = new Uint8Array(width * height);
    for (let i = 0; i < out.length; i++) {
      const [r, g, b] = [data[channels * i]!, data[channels * i + 1]!, data[channels * i + 2]!];
      const id = ids.get((r << 16) | (g << 8) | b);
      if (id === undefined)
        throw new DatasetError(
          'unknown-id',
          `${file}: colour (${r}, ${g}, ${b}) at x ${i % width}, y ${Math.floor(i / width)} is none of the ${colors.length} class colours.`,
          file,
        );
      out[i] = id;
    }
    return { data: out, width, height };
  };
}
