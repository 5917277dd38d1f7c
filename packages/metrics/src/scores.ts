import type { Confusion } from './confusion.js';
import { checkSubset } from './map-classes.js';

/** Percent figures of one class, 0–100, NaN where not defined; areas in pixels. */
export interface ClassScores {
  /** |P ∩ T| / |P ∪ T| */
  readonly iou: number;
  /** |P ∩ T| / |T| */
  readonly acc: number;
  /** |P ∩ T| / |P| */
  readonly precision: number;
  /** |P ∩ T| / |T|, as `acc` */
  readonly recall: number;
  /** 2 |P ∩ T| / (|P| + |T|) */
  readonly dice: number;
  /** (1 + β²) · precision · recall / (β² · precision + recall); not defined where precision or recall is not. */
  readonly fScore: number;
  /** |P ∩ T| */
  readonly intersection: number;
  /** |P ∪ T| */
  readonly union: number;
  /** |P|, pixels predicted as the class (where the truth is not ignored) */
  readonly predicted: number;
  /** |T|, pixels of the class in the truth */
  readonly labelled: number;
}

/** Percent figures of a data set, 0–100. */
export interface Scores {
  readonly mIoU: number;
  readonly mAcc: number;
  /** Pixels that are right, of all labelled pixels. */
  readonly aAcc: number;
  /** IoU weighted by the class's share of the labelled pixels. */
  readonly fwIoU: number;
  readonly mDice: number;
  readonly mFscore: number;
  readonly mPrecision: number;
  readonly mRecall: number;
  /** All K classes, by id. */
  readonly perClass: readonly ClassScores[];
}

export interface ScoresOptions {
  /**
   * What becomes of a figure that is 0 / 0. 'mmsegmentation' (default): NaN, left out of the mean.
   * 'mseg': I / (U + 1e-10), so an absent class counts as 0 in the mean over all classes.
   */
  readonly absent?: 'mmsegmentation' | 'mseg';
  /** Classes over which the means run; all by default. Predictions of other classes still cost the true class. */
  readonly classes?: readonly number[];
  /** β of the F-score. Default 1. */
  readonly beta?: number;
}

/**
 * The figures of a confusion matrix in percent.
 * @throws RangeError if a class of `classes` is out of range or repeated
 */
export function scores(
  confusion: Confusion,
  { absent = 'mmsegmentation', classes, beta = 1 }: ScoresOptions = {},
): Scores {
  const K = confusion.classes;
  const epsilon = absent === 'mseg' ? 1e-10 : 0;
  const chosen = classes ?? Array.from({ length: K }, (_, c) => c);
  checkSubset('scores', chosen, K);
  const perClass = classAreas(confusion).map((areas) => classScores(areas, epsilon, beta));
  const over = chosen.map((c) => perClass[c]!);
  const mean = (pick: (s: ClassScores) => number) => nanMean(over.map(pick));
  const sum = (pick: (s: ClassScores) => number) => over.reduce((total, s) => total + pick(s), 0);
  const labelled = sum((s) => s.labelled);
  return {
    mIoU: mean((s) => s.iou),
    mAcc: mean((s) => s.acc),
    aAcc: (100 * sum((s) => s.intersection)) / (labelled + epsilon),
    fwIoU: sum((s) => (s.labelled === 0 ? 0 : s.labelled * s.iou)) / (labelled + epsilon),
    mDice: mean((s) => s.dice),
    mFscore: mean((s) => s.fScore),
    mPrecision: mean((s) => s.precision),
    mRecall: mean((s) => s.recall),
    perClass,
  };
}

interface Areas {
  intersection: number;
  predicted: number;
  labelled: number;
}

function classAreas({ classes: K, counts, unpredicted, unlabelled }: Confusion): Areas[] {
  return Array.from({ length: K }, (_, c) => {
    let predicted = unlabelled[c]!;
    let labelled = unpredicted[c]!;
    for (let k = 0; k < K; k++) {
      predicted += counts[k * K + c]!;
      labelled += counts[c * K + k]!;
    }
    return { intersection: counts[c * K + c]!, predicted, labelled };
  });
}

function classScores({ intersection, predicted, labelled }: Areas, epsilon: number, beta: number): ClassScores {
  const percent = (part: number, whole: number) => (100 * part) / (whole + epsilon);
  const union = predicted + labelled - intersection;
  const precision = percent(intersection, predicted);
  const recall = percent(intersection, labelled);
  return {
    iou: percent(intersection, union),
    acc: recall,
    precision,
    recall,
    dice: percent(2 * intersection, predicted + labelled),
    fScore: ((1 + beta ** 2) * precision * recall) / (beta ** 2 * precision + recall + epsilon),
    intersection,
    union,
    predicted,
    labelled,
  };
}

/** Mean of the defined values; NaN if there is none. */
export function nanMean(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}
