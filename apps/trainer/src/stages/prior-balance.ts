import { type ClassBalance, rareClassWeights } from '@gss/datasets';
import { medianFrequencyWeights } from '@gss/prior';
import { UsageError } from '../cli/errors.js';
import type { GssConfig } from '../config/schema.js';
import { classCounts } from '../data/class-counts.js';
import type { StageContext } from './stage.js';

/** What a stage does about classes that are rare. */
export interface Balance {
  /** Crops around pixels of rare classes. */
  readonly crops?: ClassBalance;
  /** Weights of the classes in the pixel loss. */
  readonly weights?: readonly number[];
}

function checkWeights(weights: readonly number[], { length }: readonly unknown[]): readonly number[] {
  if (weights.length === length && weights.some((weight) => weight > 0)) return weights;
  throw new UsageError(
    `classWeights: expected ${length} numbers, one a class and not all 0, got [${weights.join(', ')}].`,
  );
}

/** Counts the train labels if the config asks for a balance that depends on them. */
export async function openBalance(
  { train, dir, out }: Pick<StageContext, 'train' | 'dir' | 'out'>,
  { classBalance, classWeights = 'none' }: Pick<GssConfig['prior'], 'classBalance' | 'classWeights'>,
): Promise<Balance> {
  const fixed = Array.isArray(classWeights) ? checkWeights(classWeights, train.classes) : undefined;
  const median = classWeights === 'median' || classWeights === 'root-median';
  if (classBalance === undefined && !median) return fixed ? { weights: fixed } : {};
  const { pixels, pixelsOfImages, images } = await classCounts(train, dir);
  const total = pixels.reduce((a, b) => a + b, 0);
  const shares = train.classes.map(({ name }, i) => `${name} ${((100 * pixels[i]!) / total).toFixed(2)}`);
  out.note(`classes, % of the pixels of ${images} images: ${shares.join(', ')}`);
  const { probability, gamma } =
    typeof classBalance === 'number'
      ? { probability: classBalance, gamma: 0.5 }
      : { gamma: 0, probability: 0, ...classBalance };
  const byMedian = median ? medianFrequencyWeights(pixels, pixelsOfImages) : fixed;
  const weights = classWeights === 'root-median' ? byMedian?.map(Math.sqrt) : byMedian;
  return {
    ...(probability > 0 ? { crops: { probability, weights: rareClassWeights(pixels, gamma) } } : {}),
    ...(weights ? { weights } : {}),
  };
}
