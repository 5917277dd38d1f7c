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

/** [N, 3] RGB → [N, 3] HSV. */
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
    const v = r > g ? (r > b ? r : b) : g > b ? g : b;
    const low = r < g ? (r < b ? r : b) : g < b ? g : b;
    const diff = v - low;
    const h = v === r ? g - b : v === g ? b - r + 2 * diff : r - g + 4 * diff;
    const turned = (h * hue[diff]! + half) >> shift;
    out[i] = turned < 0 ? turned + 180 : turned;
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
  const { unit, sector, fraction } = floatTables();
  const { fround } = Math;
  for (let i = from; i < to; i += 3) {
    const h = hsv[i]!;
    const s = unit[hsv[i + 1]!]!;
    const v = unit[hsv[i + 2]!]!;
    const f = fraction[h]!;
    const top = (fround(v * 255) + rounding) | 0;
    const p = (fround(fround(v * fround(1 - s)) * 255) + rounding) | 0;
    const q = (fround(fround(v * fround(1 - fround(s * f))) * 255) + rounding) | 0;
    const t = (fround(fround(v * fround(1 - fround(s * fround(1 - f)))) * 255) + rounding) | 0;
    let r = top;
    let g = t;
    let b = p;
    switch (sector[h]) {
      case 1:
        r = q;
        g = top;
        break;
      case 2:
        r = p;
        g = top;
        b = t;
        break;
      case 3:
        r = p;
        g = q;
        b = top;
        break;
      case 4:
        r = t;
        g = p;
        b = top;
        break;
      case 5:
        g = p;
        b = q;
        break;
    }
    out[i] = r;
    out[i + 1] = g;
    out[i + 2] = b;
  }
}

interface FloatTables {
  /** Byte → x / 255. */
  readonly unit: Float32Array;
  /** Hue → which sixth of the circle, and how far in it. */
  readonly sector: Uint8Array;
  readonly fraction: Float32Array;
}

let floats: FloatTables | undefined;

function floatTables(): FloatTables {
  if (floats) return floats;
  const { fround } = Math;
  const unit = Float32Array.from({ length: 256 }, (_, x) => x * fround(1 / 255));
  const scaled = Float32Array.from({ length: 256 }, (_, h) => h * fround(6 / 180));
  const sector = Uint8Array.from(scaled, (x) => Math.trunc(x) % 6);
  const fraction = Float32Array.from(scaled, (x) => x - Math.trunc(x));
  floats = { unit, sector, fraction };
  return floats;
}
