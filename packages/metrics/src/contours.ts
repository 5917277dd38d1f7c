import { IGNORED } from './roles.js';

/** The contour pixels of every class of a map, row by row. */
export interface Contours {
  /** [K + 1] where the positions of each class begin. */
  readonly offsets: Int32Array;
  /** y · width + x, ascending within a class. */
  readonly positions: Int32Array;
}

/**
 * Contours as in the DAVIS benchmark (Perazzi et al., CVPR 2016): a pixel is on the contour of a class if it and its right,
 * lower and lower right neighbours do not agree on being of this class. The image's edge is no contour, and neither is a
 * place where one of the four is IGNORED.
 */
export function contours(labels: Int16Array, width: number, height: number, classes: number): Contours {
  const offsets = new Int32Array(classes + 1);
  visit(labels, width, height, (label) => {
    offsets[label + 1]!++;
  });
  for (let c = 0; c < classes; c++) offsets[c + 1]! += offsets[c]!;
  const positions = new Int32Array(offsets[classes]!);
  const next = offsets.slice();
  visit(labels, width, height, (label, position) => {
    positions[next[label]!++] = position;
  });
  return { offsets, positions };
}

/** Calls `on` once for each contour pixel of each class. */
function visit(labels: Int16Array, width: number, height: number, on: (label: number, position: number) => void): void {
  for (let y = 0; y < height; y++) {
    const below = y + 1 < height ? width : 0;
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const right = x + 1 < width ? 1 : 0;
      const a = labels[i]!;
      const b = labels[i + right]!;
      const c = labels[i + below]!;
      const d = labels[i + below + right]!;
      if (a === b && a === c && a === d) continue;
      if (a === IGNORED || b === IGNORED || c === IGNORED || d === IGNORED) continue;
      if (a >= 0) on(a, i);
      if (b >= 0 && b !== a) on(b, i);
      if (c >= 0 && c !== a && c !== b) on(c, i);
      if (d >= 0 && d !== a && d !== b && d !== c) on(d, i);
    }
  }
}

/**
 * How many contour pixels of class `label` in `from` have one of the same class in `to` within the radius (Euclidean).
 * Row by row of the disc, the pixels still unmatched are swept in step with the ascending `to`.
 */
export function countMatches(from: Contours, to: Contours, label: number, width: number, radius: number): number {
  const first = to.offsets[label]!;
  const last = to.offsets[label + 1]!;
  if (first === last) return 0;
  const left = from.positions.slice(from.offsets[label], from.offsets[label + 1]);
  let unmatched = left.length;
  for (const { dy, half } of discRows(radius)) {
    const swept = unmatched;
    unmatched = 0;
    let near = first;
    for (let k = 0; k < swept; k++) {
      const position = left[k]!;
      const x = position % width;
      const row = position - x + dy * width;
      near = advance(to.positions, near, last, row + Math.max(0, x - half));
      if (near === last || to.positions[near]! > row + Math.min(width - 1, x + half)) left[unmatched++] = position;
    }
  }
  return left.length - unmatched;
}

/** The rows of a disc from the middle outwards: most matches are near. */
function discRows(radius: number): { dy: number; half: number }[] {
  const rows: { dy: number; half: number }[] = [];
  for (let dy = 0; dy <= radius; dy++) {
    const half = Math.floor(Math.sqrt(radius * radius - dy * dy));
    rows.push({ dy, half });
    if (dy > 0) rows.push({ dy: -dy, half });
  }
  return rows;
}

/** The first index from `start` on whose position is at least `least`, or `last`; growing steps, then halves. */
function advance(positions: Int32Array, start: number, last: number, least: number): number {
  if (start === last || positions[start]! >= least) return start;
  let low = start;
  let step = 1;
  while (low + step < last && positions[low + step]! < least) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, last);
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if (positions[middle]! < least) low = middle;
    else high = middle;
  }
  return high;
}
