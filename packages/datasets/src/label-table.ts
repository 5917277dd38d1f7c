import { DatasetError } from './errors.js';
import { ignoreIndex, type LabelMap } from './types.js';

/**
 * The one declared meaning of the ids in a data set's label files: raw id → class id, ignore, or error.
 * `toClass[raw]` is a class id (0..254), 255 for ignore, or -1 for an id that must not occur. Plain JSON.
 */
export interface LabelTable {
  readonly toClass: readonly number[];
  /** Ids past the end of `toClass`: an error (the default), or ignored. */
  readonly beyond?: 'error' | 'ignore';
}

/** The largest number of classes: class ids are 0..254, and 255 is unlabelled. */
export const maxClasses = 255;

/** Ids 0..K-1 are the classes; the ids in `ignore` (default 255) are unlabelled; all others are errors. */
export function identityTable(classes: number, ignore: readonly number[] = [ignoreIndex]): LabelTable {
  return tableFromIds(
    Array.from({ length: classes }, (_, id) => id),
    ignore,
  );
}

/** `reduce_zero_label`: 0 and 255 are unlabelled and 1..K are the classes 0..K-1. */
export function reduceZeroTable(classes: number): LabelTable {
  return tableFromIds(
    Array.from({ length: classes }, (_, id) => id + 1),
    [0, ignoreIndex],
  );
}

/** `ids[c]` is the raw id of class c; `ignore` are the raw ids without a class; all others are errors. */
export function tableFromIds(ids: readonly number[], ignore: readonly number[] = [ignoreIndex]): LabelTable {
  if (ids.length === 0 || ids.length > maxClasses)
    throw new RangeError(`tableFromIds: expected 1..${maxClasses} classes, got ${ids.length}.`);
  const toClass = new Array<number>(Math.max(...ids, ...ignore) + 1).fill(-1);
  for (const id of ignore) toClass[checkedId(id)] = ignoreIndex;
  for (const [c, id] of ids.entries()) {
    if (toClass[checkedId(id)] !== -1)
      throw new RangeError(`tableFromIds: id ${id} has two meanings. Give each raw id one class, or ignore.`);
    toClass[id] = c;
  }
  return { toClass };
}

function checkedId(id: number): number {
  if (!Number.isInteger(id) || id < 0 || id > 65535)
    throw new RangeError(`label table: raw id ${id} is not an integer of 0..65535.`);
  return id;
}

/** The table as a lookup of 65,536 entries: class id, 255 for ignore, -1 for error. */
export function compileLabelTable(table: LabelTable): Int16Array {
  const lookup = new Int16Array(65536).fill(table.beyond === 'ignore' ? ignoreIndex : -1);
  for (const [raw, id] of table.toClass.entries()) {
    if (!Number.isInteger(id) || id < -1 || id > ignoreIndex)
      throw new RangeError(`label table: raw id ${raw} maps to ${id}; expected a class 0..254, 255 or -1.`);
    lookup[raw] = id;
  }
  return lookup;
}

/** An id in a label file that the table calls an error. */
export interface UnknownId {
  readonly id: number;
  readonly pixels: number;
  /** Where it occurs first, in reading order. */
  readonly x: number;
  readonly y: number;
}

/**
 * Raw ids → class ids, [H, W] → [H, W], into a new buffer.
 * @throws DatasetError `unknown-id`, which lists every unknown id with its pixel count and first pixel.
 */
export function applyLabelTable(raw: LabelMap, lookup: Int16Array, file: string): LabelMap {
  const { width, height } = raw;
  const data = new Uint8Array(width * height);
  let least = 0;
  for (let i = 0; i < data.length; i++) {
    const id = lookup[raw.data[i]!]!;
    least |= id; // negative as soon as one id is
    data[i] = id;
  }
  if (least < 0) throw unknownIdError(findUnknownIds(raw, lookup), lookup, file);
  return { data, width, height };
}

/** Every id of `raw` that the lookup calls an error, in ascending order. */
export function findUnknownIds({ data, width }: LabelMap, lookup: Int16Array): UnknownId[] {
  const found = new Map<number, { pixels: number; first: number }>();
  for (let i = 0; i < data.length; i++) {
    const id = data[i]!;
    if (lookup[id]! >= 0) continue;
    const entry = found.get(id);
    if (entry) entry.pixels++;
    else found.set(id, { pixels: 1, first: i });
  }
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([id, { pixels, first }]) => ({ id, pixels, x: first % width, y: Math.floor(first / width) }));
}

function unknownIdError(unknown: readonly UnknownId[], lookup: Int16Array, file: string): DatasetError {
  const listed = unknown.slice(0, 5).map((u) => `${u.id} (${u.pixels} pixels, first at x ${u.x}, y ${u.y})`);
  const more = unknown.length > 5 ? ` and ${unknown.length - 5} more` : '';
  return new DatasetError(
    'unknown-id',
    `${file}: label id ${listed.join(', ')}${more} not in the label table, which knows ${describeIds(lookup)}. ` +
      'Add the id to classes.json (or to the table), or repaint those pixels with the ignore id.',
    file,
  );
}

/** '0..18, 255': the ids that a lookup knows, as ranges. */
export function describeIds(lookup: Int16Array): string {
  const ranges: string[] = [];
  for (let id = 0; id < lookup.length; id++) {
    if (lookup[id]! < 0) continue;
    const start = id;
    while (id + 1 < lookup.length && lookup[id + 1]! >= 0) id++;
    ranges.push(start === id ? `${id}` : `${start}..${id}`);
  }
  return ranges.length > 8 ? `${ranges.slice(0, 8).join(', ')}, …` : ranges.join(', ');
}
