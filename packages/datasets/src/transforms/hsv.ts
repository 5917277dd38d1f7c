/** OpenCV's 8-bit HSV: hue 0..179 (two degrees a step), saturation and value 0..255. Buffers of 3 bytes a pixel, RGB and HSV. */

const shift = 12;

interface Tables {
  readonly saturation: Int32Array;
  readonly hue: Int32Array;
}

let tables: Tables | undefined;

function divisionTables(): Tables {
  if (tables) return tables;
  const saturation = new Int32Array(256);
  const hue = new Int32Array(256);
  for (let i = 1; i < 256; i++) {
    saturation[i] = Math.round((255 << shift) / i);
    hue[i] = Math.round((180 << shift) / (6 * i));
  }
  tables = { saturation, hue };
  return tables;
}

/** [N, 3] RGB → [N, 3] HSV. Without a branch: hues of greyish pixels are too random to predict. */
export function rgbToHsv(
  rgb: Uint8Array | Uint8ClampedArray,
  out: Uint8Array = new Uint8Array(rgb.length),
): Uint8Array {
  const { saturation, hue } = divisionTables();
  const half = 1 << (shift - 1);
  for (let i = 0; i < rgb.length; i += 3) {
    const r = rgb[i]!;
    const g = rgb[i + 1]!;
    const b = rgb[i + 2]!;
    const rg = r - g;
    const most = g + (rg & ~(rg >> 31));
    const least = r - (rg & ~(rg >> 31));
    const mb = most - b;
    const v = b + (mb & ~(mb >> 31));
    const lb = least - b;
    const diff = v - (least - (lb & ~(lb >> 31)));
    const notR = (r - v) >> 31; // all ones unless red is the largest
    const notG = (g - v) >> 31;
    const h = (~notR & (g - b)) + (notR & ((~notG & (b - r + 2 * diff)) + (notG & (r - g + 4 * diff))));
    const turned = (h * hue[diff]! + half) >> shift;
    out[i] = turned + (180 & (turned >> 31));
    out[i + 1] = (diff * saturation[v]! + half) >> shift;
    out[i + 2] = v;
  }
  return out;
}

/** OpenCV turns so many pixels of a row at once (AVX2). */
const lanes = 32;

/**
 * [H, W, 3] HSV → [H, W, 3] RGB in float32, as OpenCV does: its vector code, which takes whole groups of 32 pixels of a row,
 * drops the fraction; its scalar code, which takes the rest of the row, rounds.
 */
export function hsvToRgb(hsv: Uint8Array, width: number, out: Uint8Array = new Uint8Array(hsv.length)): Uint8Array {
  const body = width - (width % lanes);
  for (let row = 0; row < hsv.length; row += 3 * width) {
    convertPixels(hsv, out, row, row + 3 * body, 0);
    convertPixels(hsv, out, row + 3 * body, row + 3 * width, 0.5);
  }
  return out;
}

function convertPixels(hsv: Uint8Array, out: Uint8Array, from: number, to: number, rounding: number): void {
  const { unit, fraction, places, ends } = floatTables();
  const { strongest, weakest } = ends[rounding > 0 ? 1 : 0];
  const { fround } = Math;
  for (let i = from; i < to; i += 3) {
    const h = hsv[i]!;
    const s = hsv[i + 1]!;
    const v = hsv[i + 2]!;
    const middle = fround(fround(unit[v]! * fround(1 - fround(unit[s]! * fraction[h]!))) * 255) + rounding;
    out[i + places[h]!] = strongest[v]!;
    out[i + places[256 + h]!] = middle;
    out[i + places[512 + h]!] = weakest[(s << 8) | v]!;
  }
}

/**
 * [H, W, 3] RGB through HSV and back, in place: each hue and each saturation goes through its table. Equal to `rgbToHsv`, the
 * tables and `hsvToRgb` one after another, without the buffer between.
 */
export function throughHsv(rgb: Uint8Array, width: number, hues: Uint8Array, saturations: Uint8Array): void {
  const body = width - (width % lanes);
  for (let row = 0; row < rgb.length; row += 3 * width) {
    turnPixels(rgb, row, row + 3 * body, hues, saturations, 0);
    turnPixels(rgb, row + 3 * body, row + 3 * width, hues, saturations, 0.5);
  }
}

function turnPixels(
  rgb: Uint8Array,
  from: number,
  to: number,
  hues: Uint8Array,
  saturations: Uint8Array,
  rounding: number,
): void {
  const { saturation, hue } = divisionTables();
  const { unit, fraction, places, ends } = floatTables();
  const { strongest, weakest } = ends[rounding > 0 ? 1 : 0];
  const { fround } = Math;
  const half = 1 << (shift - 1);
  for (let i = from; i < to; i += 3) {
    const r = rgb[i]!;
    const g = rgb[i + 1]!;
    const b = rgb[i + 2]!;
    const rg = r - g;
    const most = g + (rg & ~(rg >> 31));
    const least = r - (rg & ~(rg >> 31));
    const mb = most - b;
    const top = b + (mb & ~(mb >> 31));
    const lb = least - b;
    const diff = top - (least - (lb & ~(lb >> 31)));
    const notR = (r - top) >> 31;
    const notG = (g - top) >> 31;
    const turn = (~notR & (g - b)) + (notR & ((~notG & (b - r + 2 * diff)) + (notG & (r - g + 4 * diff))));
    const turned = (turn * hue[diff]! + half) >> shift;
    const h = hues[turned + (180 & (turned >> 31))]!;
    const s = saturations[(diff * saturation[top]! + half) >> shift]!;
    const middle = fround(fround(unit[top]! * fround(1 - fround(unit[s]! * fraction[h]!))) * 255) + rounding;
    rgb[i + places[h]!] = strongest[top]!;
    rgb[i + places[256 + h]!] = middle;
    rgb[i + places[512 + h]!] = weakest[(s << 8) | top]!;
  }
}

/**
 * Each channel is v · (1 − s · w), where the hue alone decides w: 0 for the strongest channel, 1 for the weakest, `fraction` for
 * the one between. The first two are looked up whole.
 */
interface FloatTables {
  /** Byte → x / 255. */
  readonly unit: Float32Array;
  /** Hue → how much of the saturation the middle channel loses. */
  readonly fraction: Float32Array;
  /** [3, 256]: hue → which channel is the strongest, the middle, the weakest. */
  readonly places: Uint8Array;
  /** Truncated, and rounded: value → strongest channel; saturation · 256 + value → weakest. */
  readonly ends: readonly [Ends, Ends];
}

interface Ends {
  readonly strongest: Uint8Array;
  readonly weakest: Uint8Array;
}

let floats: FloatTables | undefined;

function floatTables(): FloatTables {
  if (floats) return floats;
  const { fround } = Math;
  const unit = Float32Array.from({ length: 256 }, (_, x) => x * fround(1 / 255));
  const fraction = new Float32Array(256);
  const places = new Uint8Array(3 * 256);
  // Sixths of the circle: red, yellow, green, cyan, blue, magenta → [strongest, middle, weakest], the middle rising or falling.
  const order = [
    [0, 1, 2],
    [1, 0, 2],
    [1, 2, 0],
    [2, 1, 0],
    [2, 0, 1],
    [0, 2, 1],
  ];
  for (let h = 0; h < 256; h++) {
    const turn = fround(h * fround(6 / 180));
    const sixth = Math.trunc(turn) % 6;
    const f = fround(turn - Math.trunc(turn));
    fraction[h] = sixth % 2 === 0 ? fround(1 - f) : f;
    for (let k = 0; k < 3; k++) places[256 * k + h] = order[sixth]![k]!;
  }
  const ends = [0, 0.5].map(
    (rounding): Ends => ({
      strongest: Uint8Array.from(unit, (v) => fround(v * 255) + rounding),
      weakest: Uint8Array.from(
        { length: 65536 },
        (_, i) => fround(fround(unit[i & 255]! * fround(1 - unit[i >> 8]!)) * 255) + rounding,
      ),
    }),
  ) as [Ends, Ends];
  floats = { unit, fraction, places, ends };
  return floats;
}
