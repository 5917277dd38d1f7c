import type { ConfusionOptions } from './confusion.js';
import { checkedMap, checkSameSize, type LabelMap } from './labels.js';
import { createRoles, IGNORED, isOutside, outsideError, predictionRole, truthRole } from './roles.js';

/** What every pixel stands for on both sides: a class, OUTSIDE, or IGNORED, which it then is on both. */
export interface RoleMaps {
  readonly width: number;
  readonly height: number;
  /** [H·W] of the truth; 16 bits hold the 16384 classes that a matrix can have. */
  readonly rows: Int16Array;
  /** [H·W] of the prediction. */
  readonly columns: Int16Array;
}

/**
 * The roles of all pixels of an image.
 * @throws RangeError if the sizes differ, or naming the first pixel whose class is out of range
 */
export function roleMaps(
  who: string,
  classes: number,
  prediction: LabelMap,
  truth: LabelMap,
  options: ConfusionOptions,
): RoleMaps {
  const { data: p, width, height } = checkedMap(who, 'prediction', prediction);
  const { data: t } = checkedMap(who, 'truth', truth);
  checkSameSize(who, prediction, truth);
  const roles = createRoles(classes, options);
  const refuse = (options.outside ?? 'refuse') === 'refuse';
  const rows = new Int16Array(t.length);
  const columns = new Int16Array(t.length);
  let row = IGNORED;
  let column = IGNORED;
  for (let i = 0; i < rows.length; i++) {
    // Most pixels are as their left neighbour, and then there is nothing to ask.
    if (i === 0 || t[i] !== t[i - 1] || p[i] !== p[i - 1]) {
      row = truthRole(roles, t[i]!);
      column = row === IGNORED ? IGNORED : predictionRole(roles, p[i]!);
      if (refuse && isOutside(row, column)) throw outsideError(who, roles, p, t);
    }
    rows[i] = row;
    columns[i] = column;
  }
  return { width, height, rows, columns };
}
