import type { LabelMap, Palette, RgbImage } from '@gss/maskige';
import { heatColours } from './colours.js';

/** A map drawn in colours; pixels of other classes than `only` are dimmed, ids without a colour are transparent. */
export function drawLabels({ data, width, height }: LabelMap, palette: Palette, only?: number | null): ImageData {
  const colours = new Uint32Array(65536);
  palette.forEach(([r, g, b], k) => {
    const shown = only == null || only === k;
    const mix = (v: number) => (shown ? v : Math.round(0.12 * v + 0.88 * 128));
    colours[k] = word(mix(r), mix(g), mix(b), 255);
  });
  const out = new ImageData(width, height);
  const words = new Uint32Array(out.data.buffer);
  for (let i = 0; i < data.length; i++) words[i] = colours[data[i]!]!;
  return out;
}

/** RGB or RGBA bytes as a canvas takes them. */
export function drawImage({ data, width, height }: RgbImage): ImageData {
  const out = new ImageData(width, height);
  if (data.length === 4 * width * height) {
    out.data.set(data);
    return out;
  }
  const words = new Uint32Array(out.data.buffer);
  for (let i = 0, j = 0; i < words.length; i++, j += 3) words[i] = word(data[j]!, data[j + 1]!, data[j + 2]!, 255);
  return out;
}

/** Values in 0..largest in the colours of the heat map. */
export function drawHeat(values: ArrayLike<number>, width: number, height: number, largest: number): ImageData {
  const out = new ImageData(width, height);
  const words = new Uint32Array(out.data.buffer);
  for (let i = 0; i < words.length; i++) {
    const k = 3 * Math.round((255 * values[i]!) / largest);
    words[i] = word(heatColours[k]!, heatColours[k + 1]!, heatColours[k + 2]!, 255);
  }
  return out;
}

/** Tokens by number: neighbouring numbers get unlike colours (steps of the golden ratio round the colour circle). */
export function drawTokens(tokens: ArrayLike<number>, width: number, height: number): ImageData {
  const out = new ImageData(width, height);
  const words = new Uint32Array(out.data.buffer);
  for (let i = 0; i < words.length; i++) {
    const t = tokens[i]!;
    const hue = (t * 0.618034) % 1;
    const light = 0.55 + 0.35 * ((t * 0.754878) % 1);
    const channel = (shift: number) => Math.round(255 * light * (0.6 + 0.4 * Math.cos(2 * Math.PI * (hue + shift))));
    words[i] = word(channel(0), channel(1 / 3), channel(2 / 3), 255);
  }
  return out;
}

/** Where two maps differ: red; where they agree, a faint grey. */
export function drawDifference(a: LabelMap, b: LabelMap): ImageData {
  const out = new ImageData(a.width, a.height);
  const words = new Uint32Array(out.data.buffer);
  const wrong = word(213, 0, 50, 255);
  const right = word(128, 128, 128, 60);
  for (let i = 0; i < words.length; i++) words[i] = a.data[i] === b.data[i] ? right : wrong;
  return out;
}

/** One pixel as a 32-bit word; every platform that browsers run on is little-endian. */
const word = (r: number, g: number, b: number, a: number) => (r | (g << 8) | (b << 16) | (a << 24)) >>> 0;

/** Share of each of K classes among the pixels, 0..1. */
export function classShares({ data }: LabelMap, K: number): Float64Array {
  const counts = new Float64Array(K);
  for (let i = 0; i < data.length; i++) if (data[i]! < K) counts[data[i]!]!++;
  return counts.map((count) => count / data.length);
}

/** In how many places two lists of the same length differ. */
export function countDifferent(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let n = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) n++;
  return n;
}
