import type { LabelMap } from '@gss/maskige';

/** A point in pixels; whole numbers name pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Sets the pixels of a map within `radius` of (x, y) to a label; radius 0 is one pixel. */
export function paintDisc({ data, width, height }: LabelMap, { x, y }: Point, radius: number, label: number): void {
  const reach = radius * radius;
  for (let row = Math.max(0, Math.ceil(y - radius)); row <= Math.min(height - 1, y + radius); row++) {
    const half = Math.sqrt(Math.max(0, reach - (row - y) ** 2));
    const from = Math.max(0, Math.ceil(x - half));
    const to = Math.min(width, Math.floor(x + half) + 1);
    if (to > from) data.fill(label, row * width + from, row * width + to);
  }
}

/** A stroke of discs from one point to another without gaps. */
export function paintLine(map: LabelMap, from: Point, to: Point, radius: number, label: number): void {
  const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y)));
  for (let i = 0; i <= steps; i++) {
    const t = i / steps;
    paintDisc(map, { x: from.x + t * (to.x - from.x), y: from.y + t * (to.y - from.y) }, radius, label);
  }
}

/** Gives the 4-connected region of one label that holds (x, y) another label; returns how many pixels changed. */
export function fillRegion({ data, width, height }: LabelMap, { x, y }: Point, label: number): number {
  const start = y * width + x;
  const old = data[start]!;
  if (x < 0 || y < 0 || x >= width || y >= height || old === label) return 0;
  const stack = new Int32Array(data.length);
  let top = 0;
  let changed = 0;
  const visit = (i: number) => {
    if (data[i] !== old) return;
    data[i] = label;
    changed++;
    stack[top++] = i;
  };
  visit(start);
  while (top > 0) {
    const i = stack[--top]!;
    const column = i % width;
    if (column > 0) visit(i - 1);
    if (column < width - 1) visit(i + 1);
    if (i >= width) visit(i - width);
    if (i < data.length - width) visit(i + width);
  }
  return changed;
}
