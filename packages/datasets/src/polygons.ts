import type { LabelMap } from './types.js';

/** A corner; fractions are cut off before drawing, as Pillow does. */
export type Point = readonly [x: number, y: number];

interface Edge {
  readonly x0: number;
  readonly y0: number;
  readonly xmin: number;
  readonly xmax: number;
  readonly ymin: number;
  readonly ymax: number;
  /** Columns per row. */
  readonly dx: number;
}

const { fround } = Math;

function makeEdge([x0, y0]: Point, [x1, y1]: Point): Edge {
  const [xmin, xmax, ymin, ymax] = [Math.min(x0, x1), Math.max(x0, x1), Math.min(y0, y1), Math.max(y0, y1)];
  return { x0, y0, xmin, xmax, ymin, ymax, dx: y0 === y1 ? 0 : fround((x1 - x0) / (y1 - y0)) };
}

/** To the nearest integer, a half away from zero or towards it. */
const roundUp = (x: number) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
const roundDown = (x: number) => Math.sign(x) * Math.ceil(Math.abs(x) - 0.5);

/**
 * Paints a polygon and its outline into a label map, in place, by the even-odd rule: Pillow's `ImageDraw.polygon`, with which the
 * label files of Cityscapes and IDD were made from their polygons. Parts outside of the map are cut off.
 */
export function fillPolygon({ data, width, height }: LabelMap, corners: readonly Point[], label: number): void {
  const points = corners.map(([x, y]): Point => [Math.trunc(x), Math.trunc(y)]);
  const edges = points.map((point, i) => makeEdge(point, points[(i + 1) % points.length]!));
  const paint = (from: number, y: number, to: number) => {
    if (y < 0 || y >= height) return;
    const [left, right] = [Math.max(0, from), Math.min(width - 1, to)];
    if (left <= right) data.fill(label, y * width + left, y * width + right + 1);
  };
  for (const { ymin, ymax, xmin, xmax } of edges) if (ymin === ymax) paint(xmin, ymin, xmax);
  const sloped = edges.filter(({ ymin, ymax }) => ymin !== ymax);
  const bottom = Math.min(height, Math.max(...points.map(([, y]) => y)));
  for (let y = Math.max(0, Math.min(...points.map(([, y]) => y))); y <= bottom; y++) {
    const crossings: number[] = [];
    for (const edge of sloped) {
      if (y < edge.ymin || y > edge.ymax) continue;
      const x = fround(fround((y - edge.y0) * edge.dx) + edge.x0);
      crossings.push(x);
      if (y === edge.ymax && y < bottom) crossings.push(x); // an edge that ends here counts with the one that begins here
    }
    crossings.sort((a, b) => a - b);
    for (let i = 1; i < crossings.length; i += 2) paint(roundUp(crossings[i - 1]!), y, roundDown(crossings[i]!));
  }
}
