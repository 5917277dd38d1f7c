import type { Rgb } from '../types.js';
import { noiseMask, noiseSize, noiseTiles } from './noise.js';

/** What is drawn on: colours and class ids at twice the size of the final picture. Painter's order: later hides earlier. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8ClampedArray;
  readonly labels: Uint8Array;
  /** Canvas pixels in one pixel of a picture 192 wide: sizes below one of these cannot be seen. */
  readonly unit: number;
}

/** A colour that runs from top to bottom of the shape. */
export interface Paint {
  readonly top: Rgb;
  readonly bottom: Rgb;
  /** Strength of the grain, in grey levels. */
  readonly grain?: number;
  /** 0..1, default 1. */
  readonly alpha?: number;
}

/** One colour. */
export const plain = (color: Rgb, grain = 4): Paint => ({ top: color, bottom: color, grain });
/** A colour times `top` above and times `bottom` below, with what is between. */
export const shaded = (color: Rgb, top: number, bottom: number, grain = 4): Paint => ({
  top: scale(color, top),
  bottom: scale(color, bottom),
  grain,
});
/** A colour, 0..255, times `k`. */
export const scale = ([r, g, b]: Rgb, k: number): Rgb => [r * k, g * k, b * k];
/** A colour, 0..255, under a light of one factor a channel. */
export const multiply = (a: Rgb, b: Rgb): Rgb => [a[0] * b[0], a[1] * b[1], a[2] * b[2]];
/** `a` at t = 0, `b` at t = 1. */
export const blend = (a: Rgb, b: Rgb, t: number): Rgb => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
];

/** A label that leaves what is there: for shadows and lights. */
export const keepLabel = -1;

/** Fills from column x0 to x1 (fractional) of one row; `t` is the place between the paint's top and bottom. */
function fillSpan(c: Canvas, y: number, x0: number, x1: number, paint: Paint, t: number, label: number): void {
  const from = Math.max(0, Math.round(x0));
  const to = Math.min(c.width, Math.round(x1));
  if (from >= to) return;
  const r = paint.top[0] + (paint.bottom[0] - paint.top[0]) * t;
  const g = paint.top[1] + (paint.bottom[1] - paint.top[1]) * t;
  const b = paint.top[2] + (paint.bottom[2] - paint.top[2]) * t;
  const grain = paint.grain ?? 4;
  const alpha = paint.alpha ?? 1;
  const { fine } = noiseTiles();
  const noiseRow = (y & noiseMask) * noiseSize;
  const { rgb, labels } = c;
  const row = y * c.width;
  for (let x = from; x < to; x++) {
    const i = 3 * (row + x);
    const n = fine[noiseRow + (x & noiseMask)]! * grain;
    if (alpha === 1) {
      rgb[i] = r + n;
      rgb[i + 1] = g + n;
      rgb[i + 2] = b + n;
    } else {
      rgb[i]! += (r - rgb[i]!) * alpha;
      rgb[i + 1]! += (g - rgb[i + 1]!) * alpha;
      rgb[i + 2]! += (b - rgb[i + 2]!) * alpha;
    }
  }
  if (label >= 0) labels.fill(label, row + from, row + to);
}

/** Fills a polygon [x0, y0, x1, y1, …] by the even-odd rule. */
export function fillPolygon(c: Canvas, points: readonly number[], paint: Paint, label: number): void {
  let top = Infinity;
  let bottom = -Infinity;
  for (let i = 1; i < points.length; i += 2) {
    top = Math.min(top, points[i]!);
    bottom = Math.max(bottom, points[i]!);
  }
  const from = Math.max(0, Math.round(top));
  const to = Math.min(c.height, Math.round(bottom));
  const crossings: number[] = [];
  for (let y = from; y < to; y++) {
    const at = y + 0.5;
    crossings.length = 0;
    for (let i = 0; i < points.length; i += 2) {
      const j = (i + 2) % points.length;
      const y0 = points[i + 1]!;
      const y1 = points[j + 1]!;
      if (y0 > at !== y1 > at) crossings.push(points[i]! + ((at - y0) / (y1 - y0)) * (points[j]! - points[i]!));
    }
    crossings.sort((a, b) => a - b);
    const t = (at - top) / (bottom - top);
    for (let k = 0; k + 1 < crossings.length; k += 2) fillSpan(c, y, crossings[k]!, crossings[k + 1]!, paint, t, label);
  }
}

/** Fills from (x0, y0) to (x1, y1), in canvas pixels. */
export function fillRect(c: Canvas, x0: number, y0: number, x1: number, y1: number, paint: Paint, label: number): void {
  const from = Math.max(0, Math.round(y0));
  const to = Math.min(c.height, Math.round(y1));
  for (let y = from; y < to; y++) fillSpan(c, y, x0, x1, paint, (y + 0.5 - y0) / (y1 - y0), label);
}

/** Fills around (x, y) with radii rx and ry, in canvas pixels. */
export function fillEllipse(
  c: Canvas,
  x: number,
  y: number,
  rx: number,
  ry: number,
  paint: Paint,
  label: number,
): void {
  const from = Math.max(0, Math.round(y - ry));
  const to = Math.min(c.height, Math.round(y + ry));
  for (let row = from; row < to; row++) {
    const d = (row + 0.5 - y) / ry;
    const half = rx * Math.sqrt(Math.max(0, 1 - d * d));
    fillSpan(c, row, x - half, x + half, paint, (d + 1) / 2, label);
  }
}

/** A line of a width with round ends. */
export function fillCapsule(
  c: Canvas,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  radius: number,
  paint: Paint,
  label: number,
): void {
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  const nx = (-(y1 - y0) / length) * radius;
  const ny = ((x1 - x0) / length) * radius;
  fillPolygon(c, [x0 + nx, y0 + ny, x1 + nx, y1 + ny, x1 - nx, y1 - ny, x0 - nx, y0 - ny], paint, label);
  const end = (color: Rgb): Paint => ({ ...paint, top: color, bottom: color });
  fillEllipse(c, x0, y0, radius, radius, end(y0 < y1 ? paint.top : paint.bottom), label);
  fillEllipse(c, x1, y1, radius, radius, end(y0 < y1 ? paint.bottom : paint.top), label);
}
