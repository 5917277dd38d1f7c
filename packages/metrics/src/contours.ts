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
export function contours(labels: Int32Array, width: number, height: number, classes: number): Contours {
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
function visit(labels: Int32Array, width: number, height: number, on: (label: number, position: number) => void): void {
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

/** How many contour pixels of class `label` in `from` have one of the same class in `to` within the radius (Euclidean). */
export function countMatches(from: Contours, to: Contours, label: number, width: number, radius: number): number {
  const first = to.offsets[label]!;
  const last = to.offsets[label + 1]!;
  if (first === last) return 0;
  const disc = discRows(radius);
  const { positions } = from;
  let matches = 0;
  for (let k = from.offsets[label]!; k < from.offsets[label + 1]!; k++) {
    const x = positions[k]! % width;
    const row = positions[k]! - x;
    for (const { dy, half } of disc) {
      const start = row + dy * width;
      if (holds(to.positions, first, last, start + Math.max(0, x - half), start + Math.min(width - 1, x + half))) {
        matches++;
        break;
      }
    }
  }
  return matches;
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

/** Whether one of the ascending positions[first…last-1] lies in from…to. */
function holds(positions: Int32Array, first: number, last: number, from: number, to: number): boolean {
  let low = first;
  let high = last;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (positions[middle]! < from) low = middle + 1;
    else high = middle;
  }
  return low < last && positions[low]! <= to;
}
