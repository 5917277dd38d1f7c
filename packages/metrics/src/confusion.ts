import { countBytePairs } from './byte-pairs.js';
import { checkSameSize, idList, type LabelArray, type Labels, labelData } from './labels.js';

/**
 * Pixels by true and predicted class. A plain object of typed arrays: it can be posted to a worker and back.
 * Counts are whole numbers in float64, exact up to 2⁵³ pixels.
 */
export interface Confusion {
  /** K, the number of classes. */
  readonly classes: number;
  /** [K, K], row = truth, column = prediction. */
  readonly counts: Float64Array;
  /** [K] pixels of a class for which no class was predicted (an id outside 0…K-1). They count as missed. */
  readonly unpredicted: Float64Array;
  /** [K] pixels predicted as a class whose truth is an id outside 0…K-1 that is not ignored. They count as false. */
  readonly unlabelled: Float64Array;
  /** Pixels that count for nothing: the truth is ignored, or neither side names a class. */
  ignored: number;
}

export interface ConfusionOptions {
  /** Ids of the truth whose pixels do not count. Default 255; [] ignores none. */
  readonly ignore?: number | readonly number[];
  /** mmsegmentation's `reduce_zero_label`: truth 0 is ignored, truth c means class c - 1. Default false. */
  readonly reduceZeroLabel?: boolean;
  /**
   * Ids outside 0…K-1 that are not ignored: 'refuse' them with the first pixel's index (default), or 'count' them as
   * mmsegmentation does: in the area of the other side's class and in no intersection.
   */
  readonly outside?: 'refuse' | 'count';
}

/** The most classes a matrix can have: 65,536² counts would not fit in one typed array of any engine. */
const maxClasses = 16384;

/**
 * An empty confusion matrix of K classes.
 * @throws RangeError unless 1 ≤ K ≤ 16384
 */
export function createConfusion(classes: number): Confusion {
  if (!Number.isInteger(classes) || classes < 1 || classes > maxClasses) {
    throw new RangeError(
      `createConfusion: expected 1 to ${maxClasses} classes, got ${classes}. Pass the number of classes K.`,
    );
  }
  return {
    classes,
    counts: new Float64Array(classes * classes),
    unpredicted: new Float64Array(classes),
    unlabelled: new Float64Array(classes),
    ignored: 0,
  };
}

/**
 * Adds the pixels of one image (any number of pixels) and returns the same matrix. If it throws, nothing was added.
 * @param prediction class ids in 0…K-1
 * @param truth class ids in 0…K-1, or an ignored id
 * @throws RangeError if the lengths differ, or naming the first pixel whose class is out of range
 */
export function addToConfusion(
  confusion: Confusion,
  prediction: Labels,
  truth: Labels,
  options: ConfusionOptions = {},
): Confusion {
  const p = labelData('addToConfusion', 'prediction', prediction);
  const t = labelData('addToConfusion', 'truth', truth);
  checkSameSize('addToConfusion', prediction, truth);
  const roles = createRoles(confusion.classes, options);
  const refuse = (options.outside ?? 'refuse') === 'refuse';
  if (isBytes(p) && isBytes(t)) addBytes(confusion, p, t, roles, refuse);
  else addWide(confusion, p, t, roles, refuse);
  return confusion;
}

/**
 * Adds the counts of `parts` to `into` and returns it; merging the matrices of all workers gives exactly the matrix of
 * the whole set, in any order.
 * @throws RangeError if the numbers of classes differ
 */
export function mergeConfusion(into: Confusion, ...parts: readonly Confusion[]): Confusion {
  for (const part of parts) {
    if (part.classes !== into.classes) {
      throw new RangeError(
        `mergeConfusion: expected ${into.classes} classes, got ${part.classes}. Matrices of different taxonomies cannot be added; use mapClasses first.`,
      );
    }
  }
  for (const part of parts) {
    addArray(into.counts, part.counts);
    addArray(into.unpredicted, part.unpredicted);
    addArray(into.unlabelled, part.unlabelled);
    into.ignored += part.ignored;
  }
  return into;
}

function addArray(into: Float64Array, part: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i] = into[i]! + part[i]!;
}

const isBytes = (data: LabelArray): data is Uint8Array | Uint8ClampedArray =>
  data instanceof Uint8Array || data instanceof Uint8ClampedArray;

const IGNORED = -1;
const OUTSIDE = -2;

/** What an id of the truth stands for: a class, IGNORED or OUTSIDE. */
type Role = (id: number) => number;

function createRoles(classes: number, { ignore, reduceZeroLabel = false }: ConfusionOptions): Role {
  const ignored = idList(ignore, [255]);
  const shift = reduceZeroLabel ? 1 : 0;
  return (id) => {
    if (ignored.includes(id) || (reduceZeroLabel && id === 0)) return IGNORED;
    return id >= shift && id < classes + shift ? id - shift : OUTSIDE;
  };
}

/** Counts all 65,536 pairs of bytes without a question per pixel, and asks once per pair afterwards. */
function addBytes(
  confusion: Confusion,
  prediction: Uint8Array | Uint8ClampedArray,
  truth: Uint8Array | Uint8ClampedArray,
  role: Role,
  refuse: boolean,
): void {
  const pairs = countBytePairs(truth, prediction);
  const rows = Int32Array.from({ length: 256 }, (_, id) => role(id));
  const columns = Int32Array.from({ length: 256 }, (_, id) => (id < confusion.classes ? id : OUTSIDE));
  if (refuse) {
    for (let i = 0; i < pairs.length; i++) {
      if (pairs[i] !== 0 && isOutside(rows[i >> 8]!, columns[i & 255]!)) {
        throw outsideError(confusion.classes, prediction, truth, role);
      }
    }
  }
  for (let i = 0; i < pairs.length; i++) {
    if (pairs[i] !== 0) addPair(confusion, rows[i >> 8]!, columns[i & 255]!, pairs[i]!);
  }
}

function addWide(confusion: Confusion, prediction: LabelArray, truth: LabelArray, role: Role, refuse: boolean): void {
  const K = confusion.classes;
  const column = (id: number) => (id >= 0 && id < K ? id : OUTSIDE);
  if (refuse) {
    for (let i = 0; i < truth.length; i++) {
      if (isOutside(role(truth[i]!), column(prediction[i]!))) throw outsideError(K, prediction, truth, role);
    }
  }
  for (let i = 0; i < truth.length; i++) addPair(confusion, role(truth[i]!), column(prediction[i]!), 1);
}

const isOutside = (row: number, column: number): boolean => row === OUTSIDE || (row >= 0 && column === OUTSIDE);

function addPair(confusion: Confusion, row: number, column: number, pixels: number): void {
  const { classes, counts, unlabelled, unpredicted } = confusion;
  if (row >= 0 && column >= 0) counts[row * classes + column]! += pixels;
  else if (row >= 0) unpredicted[row]! += pixels;
  else if (row === OUTSIDE && column >= 0) unlabelled[column]! += pixels;
  else confusion.ignored += pixels;
}

/** Only a bad map is searched a second time, for the first pixel that is to blame. */
function outsideError(classes: number, prediction: LabelArray, truth: LabelArray, role: Role): RangeError {
  for (let i = 0; i < truth.length; i++) {
    const row = role(truth[i]!);
    if (row === IGNORED) continue;
    const p = prediction[i]!;
    const bad = row === OUTSIDE ? ['truth', truth[i]!] : p < 0 || p >= classes ? ['prediction', p] : undefined;
    if (bad) {
      return new RangeError(
        `addToConfusion: ${bad[0]} ${bad[1]} at pixel ${i} is no class (expected 0 to ${classes - 1}). Pass the right number of classes, ignore: ${bad[1]} for unlabelled truth, or outside: 'count'.`,
      );
    }
  }
  throw new Error('addToConfusion: the label maps changed while they were read.');
}
