import { countPairs } from './count-pairs.js';
import { checkSameSize, type Labels, labelData } from './labels.js';
import { checkClassCount, createRoles, type RoleOptions } from './roles.js';

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

export interface ConfusionOptions extends RoleOptions {
  /**
   * Ids outside 0…K-1 that are not ignored: 'refuse' them with the first pixel's index (default), or 'count' them as
   * mmsegmentation does: in the area of the other side's class and in no intersection.
   */
  readonly outside?: 'refuse' | 'count';
}

/**
 * An empty confusion matrix of K classes.
 * @throws RangeError unless K is a whole number from 1 to 16384
 */
export function createConfusion(classes: number): Confusion {
  checkClassCount('createConfusion', classes);
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
 * Maps of bytes are the fast case.
 * @param prediction class ids in 0…K-1
 * @param truth class ids in 0…K-1, or an ignored id
 * @throws RangeError if the sizes differ, or naming the first pixel whose class is out of range
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
  countPairs('addToConfusion', confusion, p, t, roles, (options.outside ?? 'refuse') === 'refuse');
  return confusion;
}

/**
 * Adds the counts of `parts` to `into` and returns it; merging the matrices of all workers gives exactly the matrix of
 * the whole set, in any order.
 * @throws RangeError if the numbers of classes differ; nothing was added then
 */
export function mergeConfusion(into: Confusion, ...parts: readonly Confusion[]): Confusion {
  for (const { classes } of parts) {
    if (classes !== into.classes) {
      throw new RangeError(
        `mergeConfusion: expected ${into.classes} classes, got ${classes}. Matrices of different taxonomies cannot be added; use mapClasses first.`,
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
