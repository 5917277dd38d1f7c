import type { LabelMap, RgbImage } from '../types.js';
import { flipImage } from './flip-pad.js';
import { type Box, checkBox, checkSize, type Size } from './geometry.js';

/** OpenCV weighs with 11 bits. */
const one = 2048;

/** Where one axis reads: the lower sample, the upper one and its weight in 1/2048. */
interface Taps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Int32Array;
}

/** OpenCV's half-pixel sampling of one axis, in its own float32 and rounding. Outside samples repeat the edge. */
function linearTaps(from: number, to: number, start: number, count: number): Taps {
  const taps = { low: new Int32Array(count), high: new Int32Array(count), weight: new Int32Array(count) };
  const scale = 1 / (to / from);
  for (let i = 0; i < count; i++) {
    const at = Math.fround((start + i + 0.5) * scale - 0.5);
    const low = Math.floor(at);
    taps.weight[i] = roundHalfEven(Math.fround(Math.fround(at - low) * one));
    taps.low[i] = Math.min(Math.max(low, 0), from - 1);
    taps.high[i] = Math.min(Math.max(low + 1, 0), from - 1);
  }
  return taps;
}

function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

/**
 * [H, W, 3] → [h, w, 3], bilinear with half-pixel centres and without antialiasing, in the 8-bit fixed point of OpenCV's
 * `INTER_LINEAR` (which averages 2×2 when both edges are halved). With `box`, only that part of the result is computed.
 */
export const resizeImage = (image: RgbImage, to: Size, box: Box = { x: 0, y: 0, ...to }): RgbImage =>
  sampleImage(image, to, box, false, undefined);

/**
 * `resizeImage`, then left and right swapped if `mirror`, then every byte through a table: all in one pass. Into `buffer` if it
 * has the right length, else into a new one.
 */
export function sampleImage(
  image: RgbImage,
  to: Size,
  box: Box,
  mirror: boolean,
  table: Uint8Array | undefined,
  buffer?: Uint8Array,
): RgbImage & { readonly data: Uint8Array } {
  checkSize('resizeImage', to);
  checkBox('resizeImage', box, to);
  const { data, width, height } = image;
  const length = 3 * box.width * box.height;
  const out = buffer && buffer.length === length ? buffer : new Uint8Array(length);
  const result = { data: out, width: box.width, height: box.height };
  if (width === to.width && height === to.height) copyBox(data, width, box, out);
  else if (width === 2 * to.width && height === 2 * to.height) halve(data, width, box, out);
  else {
    const columns = linearTaps(width, to.width, box.x, box.width);
    if (mirror) for (const taps of Object.values(columns)) taps.reverse();
    resample(data, width, columns, linearTaps(height, to.height, box.y, box.height), out, table);
    return result;
  }
  if (table) for (let i = 0; i < out.length; i++) out[i] = table[out[i]!]!;
  if (mirror) out.set(flipImage(result).data);
  return result;
}

/** Rows are stretched once each and blended in pairs. */
function resample(
  data: RgbImage['data'],
  width: number,
  columns: Taps,
  rows: Taps,
  out: Uint8Array,
  table: Uint8Array | undefined,
): void {
  const count = 3 * columns.low.length;
  const stretched = [new Int32Array(count), new Int32Array(count)];
  const held = [-1, -1];
  /** The row `y` stretched, in one of two slots; `keep` is the row that must not be overwritten. */
  const row = (y: number, keep: number): Int32Array => {
    const slot = held[0] === y ? 0 : held[1] === y ? 1 : held[0] === keep ? 1 : 0;
    const buffer = stretched[slot]!;
    if (held[slot] !== y) stretch(data, 3 * y * width, columns, buffer);
    held[slot] = y;
    return buffer;
  };
  for (let y = 0, at = 0; y < rows.low.length; y++, at += count) {
    const low = rows.low[y]!;
    const high = rows.high[y]!;
    const upper = row(low, high);
    const lower = row(high, low);
    if (table) blendRowsThrough(table, upper, lower, rows.weight[y]!, out, at);
    else blendRows(upper, lower, rows.weight[y]!, out, at);
  }
}

function blendRows(upper: Int32Array, lower: Int32Array, weight: number, out: Uint8Array, at: number): void {
  const rest = one - weight;
  for (let i = 0; i < upper.length; i++)
    out[at + i] = (((rest * upper[i]!) >> 16) + ((weight * lower[i]!) >> 16) + 2) >> 2;
}

function blendRowsThrough(
  table: Uint8Array,
  upper: Int32Array,
  lower: Int32Array,
  weight: number,
  out: Uint8Array,
  at: number,
): void {
  const rest = one - weight;
  for (let i = 0; i < upper.length; i++)
    out[at + i] = table[(((rest * upper[i]!) >> 16) + ((weight * lower[i]!) >> 16) + 2) >> 2]!;
}

/** A row at the columns' positions, times 2048 and shifted right by 4, as OpenCV keeps it. */
function stretch(data: RgbImage['data'], start: number, { low, high, weight }: Taps, into: Int32Array): void {
  for (let x = 0, i = 0; x < low.length; x++, i += 3) {
    const a = start + 3 * low[x]!;
    const b = start + 3 * high[x]!;
    const w1 = weight[x]!;
    const w0 = one - w1;
    into[i] = (data[a]! * w0 + data[b]! * w1) >> 4;
    into[i + 1] = (data[a + 1]! * w0 + data[b + 1]! * w1) >> 4;
    into[i + 2] = (data[a + 2]! * w0 + data[b + 2]! * w1) >> 4;
  }
}

function halve(data: RgbImage['data'], width: number, box: Box, out: Uint8Array): void {
  let i = 0;
  for (let y = box.y; y < box.y + box.height; y++)
    for (let x = box.x; x < box.x + box.width; x++)
      for (let k = 0; k < 3; k++, i++) {
        const p = 3 * (2 * y * width + 2 * x) + k;
        const q = p + 3 * width;
        out[i] = (data[p]! + data[p + 3]! + data[q]! + data[q + 3]! + 2) >> 2;
      }
}

function copyBox(data: RgbImage['data'], width: number, box: Box, out: Uint8Array): void {
  for (let y = 0; y < box.height; y++) {
    const from = 3 * ((box.y + y) * width + box.x);
    out.set(data.subarray(from, from + 3 * box.width), 3 * y * box.width);
  }
}

/** [H, W] → [h, w], OpenCV's `INTER_NEAREST`: the sample at floor(i · H / h), never a new id. With `box`, only that part. */
export function resizeLabels(labels: LabelMap, to: Size, box: Box = { x: 0, y: 0, ...to }): LabelMap {
  checkSize('resizeLabels', to);
  checkBox('resizeLabels', box, to);
  const { data, width, height } = labels;
  const out =
    data instanceof Uint16Array ? new Uint16Array(box.width * box.height) : new Uint8Array(box.width * box.height);
  const columns = nearestTaps(width, to.width, box.x, box.width);
  const rows = nearestTaps(height, to.height, box.y, box.height);
  for (let y = 0, i = 0; y < box.height; y++) {
    if (y > 0 && rows[y] === rows[y - 1]) {
      out.copyWithin(i, i - box.width, i);
      i += box.width;
      continue;
    }
    const start = rows[y]! * width;
    for (let x = 0; x < box.width; x++, i++) out[i] = data[start + columns[x]!]!;
  }
  return { data: out, width: box.width, height: box.height };
}

function nearestTaps(from: number, to: number, start: number, count: number): Int32Array {
  const step = 1 / (to / from);
  return Int32Array.from({ length: count }, (_, i) => Math.min(from - 1, Math.floor((start + i) * step)));
}
