import type { Confusion } from './confusion.js';
import type { LabelArray } from './labels.js';

export interface RoleOptions {
  /** Ids of the truth whose pixels do not count. Default 255; [] ignores none. */
  readonly ignore?: number | readonly number[];
  /** mmsegmentation's `reduce_zero_label`: truth 0 is ignored, truth c means class c - 1. Default false. */
  readonly reduceZeroLabel?: boolean;
}

/** A matrix of more would not fit in one typed array of every engine, and roles must fit in 16 bits. */
const maxClasses = 16384;

export function checkClassCount(who: string, classes: number): void {
  if (Number.isInteger(classes) && classes >= 1 && classes <= maxClasses) return;
  throw new RangeError(`${who}: expected 1 to ${maxClasses} classes, got ${classes}. Pass the number of classes K.`);
}

/** Role of an id that does not count. */
export const IGNORED = -1;
/** Role of an id that should have been a class and is none. */
export const OUTSIDE = -2;

/** What each id stands for: a class, IGNORED or OUTSIDE. */
export interface Roles {
  readonly classes: number;
  /** Subtracted from an id of the truth to get its class. */
  readonly shift: number;
  readonly ignored: readonly number[];
  /** Roles of the truth's ids from 0: all classes and at least all bytes. */
  readonly rows: Int32Array;
}

export function createRoles(classes: number, { ignore = 255, reduceZeroLabel = false }: RoleOptions): Roles {
  const ignored = typeof ignore === 'number' ? [ignore] : [...ignore];
  if (reduceZeroLabel) ignored.push(0);
  const shift = reduceZeroLabel ? 1 : 0;
  const rows = new Int32Array(Math.max(256, classes + shift)).fill(OUTSIDE);
  for (let c = 0; c < classes; c++) rows[c + shift] = c;
  for (const id of ignored) if (id >= 0 && id < rows.length) rows[id] = IGNORED;
  return { classes, shift, ignored, rows };
}

export function truthRole({ rows, ignored }: Roles, id: number): number {
  if (id >= 0 && id < rows.length) return rows[id]!;
  return ignored.includes(id) ? IGNORED : OUTSIDE;
}

export const predictionRole = ({ classes }: Roles, id: number): number => (id >= 0 && id < classes ? id : OUTSIDE);

/** A pixel that is not ignored must be labelled and predicted as a class. */
export const isOutside = (row: number, column: number): boolean =>
  row === OUTSIDE || (row !== IGNORED && column === OUTSIDE);

/** The first pixel in from…to-1 that `isOutside`, or `to`. */
export function findOutside(roles: Roles, p: LabelArray, t: LabelArray, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    if (isOutside(truthRole(roles, t[i]!), predictionRole(roles, p[i]!))) return i;
  }
  return to;
}

/** The complaint about the first pixel whose class is out of range. */
export function outsideError(who: string, roles: Roles, prediction: LabelArray, truth: LabelArray): RangeError {
  const { classes, shift } = roles;
  const i = findOutside(roles, prediction, truth, 0, truth.length);
  const t = truth[i]!;
  const bad = truthRole(roles, t) === OUTSIDE;
  const range = bad ? `${shift} to ${classes + shift - 1}` : `0 to ${classes - 1}`;
  return new RangeError(
    `${who}: ${bad ? `truth ${t}` : `prediction ${prediction[i]}`} at pixel ${i} is no class (expected ${range}). Pass the right number of classes${bad ? `, ignore: ${t} if it means unlabelled` : ''}, or outside: 'count'.`,
  );
}

/** Adds pixels to the cell of the matrix that their roles name. */
export function addPair(confusion: Confusion, row: number, column: number, pixels: number): void {
  const { classes, counts, unlabelled, unpredicted } = confusion;
  if (row >= 0 && column >= 0) counts[row * classes + column]! += pixels;
  else if (row >= 0) unpredicted[row]! += pixels;
  else if (row === OUTSIDE && column >= 0) unlabelled[column]! += pixels;
  else confusion.ignored += pixels;
}
