import { checkSameSize, type LabelArray, type Labels, labelData } from './labels.js';

/**
 * Relabelled evaluation on a training set: credit for predictions that MSeg's relabelling (r) says are right although the
 * published label (t) differs. Per pixel, with û the prediction, all universal:
 *
 *     û = r and r ≠ t  →  û becomes t         r = 255  →  t becomes 255, after the other rules
 *     û ≠ r and r ≠ t  →  û becomes 255       r = t    →  û stays
 *
 * Score the result with `outside: 'count'`, so that a prediction 255 is a miss of the true class and of no other.
 * @throws RangeError if the sizes differ
 */
export function relabeledPrediction(
  prediction: Labels,
  published: Labels,
  relabeled: Labels,
): { readonly prediction: Uint8Array; readonly truth: Uint8Array } {
  const who = 'relabeledPrediction';
  const u = labelData(who, 'prediction', prediction);
  const t = labelData(who, 'published', published);
  const r = labelData(who, 'relabeled', relabeled);
  checkSameSize(who, prediction, published);
  checkSameSize(who, prediction, relabeled);
  const credited = bytes(who, 'prediction', u);
  const truth = bytes(who, 'published', t);
  for (let i = 0; i < u.length; i++) {
    if (r[i] !== t[i]) credited[i] = u[i] === r[i] ? t[i]! : 255;
    if (r[i] === 255) truth[i] = 255;
  }
  return { prediction: credited, truth };
}

/** A copy; universal ids fit in a byte. */
function bytes(who: string, name: string, ids: LabelArray): Uint8Array {
  const copy = Uint8Array.from(ids);
  const bad = ids.findIndex((id, i) => id !== copy[i]);
  if (bad < 0) return copy;
  throw new RangeError(
    `${who}: ${name} ${ids[bad]} at pixel ${bad} is no universal id (expected 0 to 193, or 255). Map labels to the universal taxonomy first.`,
  );
}
