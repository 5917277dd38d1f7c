import { type BoundaryWidth, boundaryDistance } from './boundary-region.js';
import type { ConfusionOptions } from './confusion.js';
import { contours, countMatches } from './contours.js';
import type { LabelMap } from './labels.js';
import { roleMaps } from './role-maps.js';
import { checkClassCount } from './roles.js';
import { nanMean } from './scores.js';

/** Contour pixels of each class and how many of them were met. [K] each; a plain object that can be posted. */
export interface BoundaryMatches {
  readonly classes: number;
  /** Images in which the class has a contour on either side. */
  readonly images: Float64Array;
  /** Contour pixels of the prediction, and those with a contour pixel of the truth within the distance. */
  readonly predicted: Float64Array;
  readonly predictedMatched: Float64Array;
  /** Contour pixels of the truth, and those with a contour pixel of the prediction within the distance. */
  readonly labelled: Float64Array;
  readonly labelledMatched: Float64Array;
  /** Sums of the images' figures, each in 0…1. */
  readonly precisionSum: Float64Array;
  readonly recallSum: Float64Array;
  readonly fSum: Float64Array;
}

/** Percent, 0–100; NaN for a class without a contour on either side. */
export interface BoundaryFScores {
  /** Mean of the classes' F. */
  readonly mBoundaryF: number;
  readonly perClass: readonly { readonly f: number; readonly precision: number; readonly recall: number }[];
}

/** Empty counts for K classes. @throws RangeError unless K is a whole number from 1 to 16384 */
export function createBoundaryMatches(classes: number): BoundaryMatches {
  checkClassCount('createBoundaryMatches', classes);
  const zeros = () => new Float64Array(classes);
  return {
    classes,
    images: zeros(),
    predicted: zeros(),
    predictedMatched: zeros(),
    labelled: zeros(),
    labelledMatched: zeros(),
    precisionSum: zeros(),
    recallSum: zeros(),
    fSum: zeros(),
  };
}

/**
 * Matches the contours of one image class by class: the **boundary F** of the DAVIS benchmark (Perazzi et al., CVPR 2016)
 * and of Csurka et al. (BMVC 2013). Precision is the share of the prediction's contour pixels within the distance of the
 * truth's contour, recall the share of the truth's within the distance of the prediction's, F = 2PR / (P + R). The distance
 * is Euclidean, `dilationRatio` (default 0.008) of the diagonal, rounded up, or `distance` pixels.
 * A class with a contour on one side only has F = 0 in this image.
 *
 * Ignored pixels have no contour, in the truth or in the prediction.
 * @throws RangeError as `addToConfusion`; nothing was added then
 */
export function addToBoundaryMatches(
  matches: BoundaryMatches,
  prediction: LabelMap,
  truth: LabelMap,
  options: ConfusionOptions & BoundaryWidth = {},
): BoundaryMatches {
  const who = 'addToBoundaryMatches';
  const { rows, columns, width, height } = roleMaps(who, matches.classes, prediction, truth, options);
  const distance = boundaryDistance(who, options, 0.008, width, height, Math.ceil);
  const ofTruth = contours(rows, width, height, matches.classes);
  const ofPrediction = contours(columns, width, height, matches.classes);
  for (let c = 0; c < matches.classes; c++) {
    const predicted = ofPrediction.offsets[c + 1]! - ofPrediction.offsets[c]!;
    const labelled = ofTruth.offsets[c + 1]! - ofTruth.offsets[c]!;
    if (predicted + labelled === 0) continue;
    const predictedMatched = countMatches(ofPrediction, ofTruth, c, width, distance);
    const labelledMatched = countMatches(ofTruth, ofPrediction, c, width, distance);
    const { precision, recall, f } = ratios(predicted, predictedMatched, labelled, labelledMatched);
    matches.images[c]! += 1;
    matches.predicted[c]! += predicted;
    matches.predictedMatched[c]! += predictedMatched;
    matches.labelled[c]! += labelled;
    matches.labelledMatched[c]! += labelledMatched;
    matches.precisionSum[c]! += precision;
    matches.recallSum[c]! += recall;
    matches.fSum[c]! += f;
  }
  return matches;
}

/** A side without a contour makes no mistake and finds nothing, as in DAVIS. */
function ratios(predicted: number, predictedMatched: number, labelled: number, labelledMatched: number) {
  const precision = predicted === 0 ? 1 : predictedMatched / predicted;
  const recall = labelled === 0 ? 1 : labelledMatched / labelled;
  const f = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  return { precision, recall, f };
}

/**
 * Adds the counts of `parts` to `into` and returns it. Counts merge exactly; the sums over images to rounding (1e-16).
 * @throws RangeError if the numbers of classes differ
 */
export function mergeBoundaryMatches(into: BoundaryMatches, ...parts: readonly BoundaryMatches[]): BoundaryMatches {
  for (const { classes } of parts) {
    if (classes !== into.classes) {
      throw new RangeError(
        `mergeBoundaryMatches: expected ${into.classes} classes, got ${classes}. Contours of different taxonomies cannot be added.`,
      );
    }
  }
  const { classes: _, ...sums } = into;
  for (const part of parts) {
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) {
      part[key].forEach((value, c) => {
        into[key][c]! += value;
      });
    }
  }
  return into;
}

/**
 * Boundary F in percent. `over: 'images'` (default) averages the figures of the images in which the class has a contour;
 * `over: 'pixels'` pools the contour pixels of the whole set.
 */
export function boundaryFScores(
  matches: BoundaryMatches,
  { over = 'images' }: { readonly over?: 'images' | 'pixels' } = {},
): BoundaryFScores {
  const perClass = Array.from(matches.images, (images, c) => {
    if (images === 0) return { f: Number.NaN, precision: Number.NaN, recall: Number.NaN };
    const { precision, recall, f } =
      over === 'pixels'
        ? ratios(matches.predicted[c]!, matches.predictedMatched[c]!, matches.labelled[c]!, matches.labelledMatched[c]!)
        : {
            precision: matches.precisionSum[c]! / images,
            recall: matches.recallSum[c]! / images,
            f: matches.fSum[c]! / images,
          };
    return { f: 100 * f, precision: 100 * precision, recall: 100 * recall };
  });
  return { mBoundaryF: nanMean(perClass.map(({ f }) => f)), perClass };
}
