import { checkSameSize, type Labels, labelData } from './labels.js';
import { createRoles, IGNORED, type RoleOptions, truthRole } from './roles.js';

/** Confidence and correctness by bins of confidence: bin b holds (b / bins, (b + 1) / bins], the first one also 0. */
export interface Calibration {
  readonly bins: number;
  /** [bins] pixels. */
  readonly pixels: Float64Array;
  /** [bins] pixels whose predicted class is the true one. */
  readonly correct: Float64Array;
  /** [bins] sum of the confidences, in float64. */
  readonly confidence: Float64Array;
}

export interface CalibrationScores {
  /** Expected calibration error, percent: Σ_b |B_b| / n · |acc(B_b) − conf(B_b)|. NaN without pixels. */
  readonly ece: number;
  /** Maximum calibration error, percent: the largest |acc(B_b) − conf(B_b)|. */
  readonly mce: number;
  /** The reliability diagram; accuracy and confidence in percent, NaN in an empty bin. */
  readonly bins: readonly {
    readonly from: number;
    readonly to: number;
    readonly pixels: number;
    readonly accuracy: number;
    readonly confidence: number;
  }[];
}

/** Empty bins of equal width; 15 as in Guo et al. (ICML 2017). @throws RangeError unless `bins` is a positive whole number */
export function createCalibration(bins = 15): Calibration {
  if (!Number.isInteger(bins) || bins < 1) {
    throw new RangeError(`createCalibration: expected at least 1 bin, got ${bins}.`);
  }
  const zeros = () => new Float64Array(bins);
  return { bins, pixels: zeros(), correct: zeros(), confidence: zeros() };
}

/**
 * Adds the pixels of one image; those whose truth is ignored do not count. If it throws, nothing was added.
 * @param confidence [pixels] in [0, 1]: the probability given to the predicted class
 * @throws RangeError if the sizes differ, or naming the first pixel whose confidence is not in [0, 1]
 */
export function addToCalibration(
  calibration: Calibration,
  confidence: Float32Array | Float64Array,
  prediction: Labels,
  truth: Labels,
  options: RoleOptions = {},
): Calibration {
  const who = 'addToCalibration';
  const p = labelData(who, 'prediction', prediction);
  const t = labelData(who, 'truth', truth);
  checkSameSize(who, prediction, truth);
  if (confidence.length !== t.length) {
    throw new RangeError(
      `${who}: confidence has ${confidence.length} pixels, truth has ${t.length}. Pass one value per pixel, that of the predicted class.`,
    );
  }
  const roles = createRoles(1, options);
  const { bins } = calibration;
  const added = createCalibration(bins);
  for (let i = 0; i < t.length; i++) {
    if (truthRole(roles, t[i]!) === IGNORED) continue;
    const value = confidence[i]!;
    if (!(value >= 0 && value <= 1)) {
      throw new RangeError(
        `${who}: confidence ${value} at pixel ${i} is not in [0, 1]. Pass probabilities, for example after softmax.`,
      );
    }
    const bin = Math.max(0, Math.ceil(value * bins) - 1);
    added.pixels[bin]! += 1;
    added.confidence[bin]! += value;
    if (p[i] === t[i]! - roles.shift) added.correct[bin]! += 1;
  }
  return mergeCalibration(calibration, added);
}

/**
 * Adds the bins of `parts` to `into` and returns it. Counts merge exactly, sums of confidences to rounding (1e-16).
 * @throws RangeError if the numbers of bins differ
 */
export function mergeCalibration(into: Calibration, ...parts: readonly Calibration[]): Calibration {
  for (const part of parts) {
    if (part.bins !== into.bins) {
      throw new RangeError(`mergeCalibration: expected ${into.bins} bins, got ${part.bins}. Use one number of bins.`);
    }
  }
  for (const part of parts) {
    for (let b = 0; b < into.bins; b++) {
      into.pixels[b]! += part.pixels[b]!;
      into.correct[b]! += part.correct[b]!;
      into.confidence[b]! += part.confidence[b]!;
    }
  }
  return into;
}

/** The calibration errors (Guo et al., ICML 2017) and the reliability diagram. */
export function calibrationScores({ bins, pixels, correct, confidence }: Calibration): CalibrationScores {
  const total = pixels.reduce((sum, n) => sum + n, 0);
  const rows = Array.from(pixels, (n, b) => ({
    from: b / bins,
    to: (b + 1) / bins,
    pixels: n,
    accuracy: (100 * correct[b]!) / n,
    confidence: (100 * confidence[b]!) / n,
  }));
  const gaps = rows
    .filter((row) => row.pixels > 0)
    .map((row) => ({ ...row, gap: Math.abs(row.accuracy - row.confidence) }));
  return {
    ece: gaps.reduce((sum, { pixels: n, gap }) => sum + n * gap, 0) / total,
    mce: total === 0 ? Number.NaN : Math.max(...gaps.map(({ gap }) => gap)),
    bins: rows,
  };
}
