import type { Random } from '../random.js';
import { ignoreIndex, type LabelMap } from '../types.js';
import { type CropSize, gridPositions } from './crop.js';
import type { Box, Size } from './geometry.js';

/** How often a crop is drawn around a pixel of a class that is itself drawn, and the weight of each class in that draw. */
export interface ClassBalance {
  /** 0..1; other crops are drawn as ever. */
  readonly probability: number;
  /** By class id, ≥ 0; classes beyond the list, and those that the picture does not show, are not drawn. */
  readonly weights: readonly number[];
}

/** Weights that draw rare classes more: (share of the pixels)^−gamma, 0 for a class without any. They sum to 1. */
export function rareClassWeights(counts: readonly number[], gamma: number): number[] {
  const total = counts.reduce((a, b) => a + b, 0);
  const raw = counts.map((n) => (n > 0 ? (n / total) ** -gamma : 0));
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((weight) => weight / Math.max(sum, Number.MIN_VALUE));
}

/** Draws a class by weight among those that a map shows; undefined where it shows none that counts. */
function drawClass(counts: Uint32Array, weights: readonly number[], random: Random): number | undefined {
  const present = weights.flatMap((weight, id) => (id !== ignoreIndex && weight > 0 && counts[id]! > 0 ? [id] : []));
  const sum = present.reduce((total, id) => total + weights[id]!, 0);
  let at = random.uniform() * sum;
  for (const id of present) {
    at -= weights[id]!;
    if (at < 0) return id;
  }
  return present.at(-1);
}

/** Where along an edge a window may start so that it holds a position. */
function startHolding(
  position: number,
  edge: number,
  window: number,
  stride: number | undefined,
  random: Random,
): number {
  const room = edge - window;
  if (stride === undefined) {
    const low = Math.max(0, position - window + 1);
    return low + random.int(Math.min(room, position) - low + 1);
  }
  const starts = gridPositions(edge, window, stride);
  const holding = starts.filter((start) => start <= position && position < start + window);
  return random.pick(holding.length ? holding : starts); // a stride wider than the window leaves gaps
}

/**
 * Draws boxes around pixels of one class, which is drawn first, in a picture that shows `labels` resized to `picture`. Undefined
 * where the map shows no class that counts.
 */
export function classCropBoxes(
  labels: LabelMap,
  picture: Size,
  crop: CropSize,
  weights: readonly number[],
  random: Random,
): (() => Box) | undefined {
  const counts = new Uint32Array(65536);
  for (const id of labels.data) counts[id]! += 1;
  const drawn = drawClass(counts, weights, random);
  if (drawn === undefined) return undefined;
  const width = Math.min(picture.width, crop.width);
  const height = Math.min(picture.height, crop.height);
  return () => {
    let left = random.int(counts[drawn]!);
    let at = labels.data.indexOf(drawn);
    for (; left > 0; left--) at = labels.data.indexOf(drawn, at + 1);
    const along = (position: number, from: number, to: number) => Math.floor(((position + 0.5) * to) / from);
    const px = along(at % labels.width, labels.width, picture.width);
    const py = along(Math.floor(at / labels.width), labels.height, picture.height);
    const y = startHolding(py, picture.height, height, crop.stride, random);
    const x = startHolding(px, picture.width, width, crop.stride, random);
    return { x, y, width, height };
  };
}
