import type { ClassInfo, LabelMap, Rgb, RgbImage } from './types.js';

/** A label map in its classes' colours, [H, W] → [H, W, 3]; ids without a class in `rest` (default black). */
export function drawLabels(
  { data, width, height }: LabelMap,
  classes: readonly ClassInfo[],
  rest: Rgb = [0, 0, 0],
): RgbImage {
  const out = new Uint8Array(3 * data.length);
  for (let i = 0; i < data.length; i++) {
    const [r, g, b] = classes[data[i]!]?.color ?? rest;
    out[3 * i] = r;
    out[3 * i + 1] = g;
    out[3 * i + 2] = b;
  }
  return { data: out, width, height };
}
