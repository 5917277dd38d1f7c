import { validatePalette } from '../check.js';
import { uniform } from '../random.js';
import type { LabelMap, Palette, Rgb, RgbImage } from '../types.js';

export interface SwatchOptions {
  /** Side of a class's square, pixels. Default 24. */
  readonly cell?: number;
  /** Default: as square as can be. */
  readonly columns?: number;
  /** Write the class numbers into the squares (cells of 16 or more). Default true. */
  readonly numbers?: boolean;
  /** Shown behind the squares. Default black. */
  readonly ignoreColor?: Rgb;
}

/** A picture of a palette: one numbered square a class, row by row. */
export function swatch(palette: Palette, options: SwatchOptions = {}): RgbImage {
  const {
    cell = 24,
    columns = Math.ceil(Math.sqrt(palette.length)),
    numbers = true,
    ignoreColor = [0, 0, 0],
  } = options;
  if (!Number.isInteger(cell) || cell < 1 || !Number.isInteger(columns) || columns < 1) {
    throw new RangeError(`swatch: cell and columns must be integers ≥ 1, got ${cell} and ${columns}.`);
  }
  validatePalette('swatch', palette, ignoreColor);
  const [width, height] = [columns * cell, Math.ceil(palette.length / columns) * cell];
  const data = new Uint8ClampedArray(width * height * 3);
  const paint = (x: number, y: number, color: Rgb) => data.set(color, 3 * (y * width + x));
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) paint(x, y, ignoreColor);
  palette.forEach((color, k) => {
    const [left, top] = [(k % columns) * cell, Math.floor(k / columns) * cell];
    const gap = cell >= 8 ? 1 : 0;
    for (let y = gap; y < cell; y++) for (let x = gap; x < cell; x++) paint(left + x, top + y, color);
    if (!numbers || cell < 16) return;
    const ink: Rgb = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 110 ? [0, 0, 0] : [255, 255, 255];
    [...String(k)].forEach((digit, i) => {
      for (let bit = 0; bit < 15; bit++) {
        if ((digits[Number(digit)]! >> (14 - bit)) & 1)
          paint(left + 3 + 4 * i + (bit % 3), top + 3 + Math.floor(bit / 3), ink);
      }
    });
  });
  return { data, width, height };
}

/** Digits of 3×5 dots, a bit each. */
const digits = [0x7b6f, 0x2c97, 0x73e7, 0x73cf, 0x5bc9, 0x79cf, 0x79ef, 0x7292, 0x7bef, 0x7bcf];

/** A label map to try palettes on: regions around random points, every class about equally often; seeded. */
export function sampleMap(K: number, width: number, height: number, seed = 0): LabelMap {
  const random = uniform(seed);
  const sites = Array.from({ length: Math.max(K, 64) }, (_, i) => ({
    x: random() * width,
    y: random() * height,
    label: i % K,
    flat: 0.5 + random(),
  }));
  const data = K <= 256 ? new Uint8Array(width * height) : new Uint16Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let least = Number.POSITIVE_INFINITY;
      for (const site of sites) {
        const d = Math.abs(x - site.x) * site.flat + Math.abs(y - site.y);
        if (d < least) {
          least = d;
          data[y * width + x] = site.label;
        }
      }
    }
  }
  return { data, width, height };
}
