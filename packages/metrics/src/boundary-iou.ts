import { type BoundaryWidth, boundaryDistance, boundaryRegion } from './boundary-region.js';
import type { Confusion, ConfusionOptions } from './confusion.js';
import type { LabelMap } from './labels.js';
import { roleMaps } from './role-maps.js';
import { addPair, IGNORED, OUTSIDE } from './roles.js';

export interface BoundaryIouOptions extends ConfusionOptions, BoundaryWidth {}

/**
 * Adds the boundary regions of one image to a confusion matrix whose IoU is then the **Boundary IoU** of Cheng et al.
 * (CVPR 2021), for all classes at once:
 *
 *     |(G_d ∩ G) ∩ (P_d ∩ P)| / |(G_d ∩ G) ∪ (P_d ∩ P)|
 *
 * G and P are a class's pixels in truth and prediction, G_d and P_d those within d pixels of its contour; d is
 * `dilationRatio` (default 0.02) of the diagonal, rounded to even at halves, at least 1, or `distance`. The edge of the
 * image is a contour. A pixel of a region that is missing on the other side is `unpredicted` or `unlabelled` in the
 * matrix, one in neither region is `ignored`, and `scores`, `mergeConfusion` and the tables serve as ever.
 *
 * Ignored pixels are cut out of both maps, so their edge is a contour on both sides.
 * @throws RangeError as `addToConfusion`; nothing was added then
 */
export function addToBoundaryConfusion(
  confusion: Confusion,
  prediction: LabelMap,
  truth: LabelMap,
  options: BoundaryIouOptions = {},
): Confusion {
  const who = 'addToBoundaryConfusion';
  const { rows, columns, width, height } = roleMaps(who, confusion.classes, prediction, truth, options);
  const distance = boundaryDistance(who, options, 0.02, width, height, roundHalfEven);
  const ofTruth = boundaryRegion(rows, width, height, distance);
  const ofPrediction = boundaryRegion(columns, width, height, distance);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (row === IGNORED || (ofTruth[i]! | ofPrediction[i]!) === 0) confusion.ignored++;
    else addPair(confusion, ofTruth[i] ? row : OUTSIDE, ofPrediction[i] ? columns[i]! : OUTSIDE, 1);
  }
  return confusion;
}

/** As Python's round, which the reference uses. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  return x - floor === 0.5 ? floor + (floor % 2) : Math.round(x);
}
