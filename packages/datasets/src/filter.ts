import { DatasetError } from './errors.js';
import { mix32 } from './random.js';
import type { FilteredSource } from './source.js';
import type { SegmentationDataset } from './types.js';

export type NameFilter = Omit<FilteredSource, 'kind' | 'source'>;

/**
 * Whether a name fits a pattern: a glob for the whole name (`*` any characters, slashes too, `?` one), or `/…/` with a regular
 * expression for any part of it.
 * @throws DatasetError for a regular expression that is none
 */
export function namePattern(pattern: string): (name: string) => boolean {
  const expression = /^\/(.+)\/([imsu]*)$/.exec(pattern);
  const glob = () =>
    `^${pattern
      .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`;
  try {
    const found = expression ? new RegExp(expression[1]!, expression[2]) : new RegExp(glob(), 's');
    return (name) => found.test(name);
  } catch (cause) {
    throw new DatasetError(
      'bad-source',
      `filter: ${pattern} is no regular expression (${(cause as Error).message}). Write a glob such as seq01_*, or /…/.`,
      undefined,
      { cause },
    );
  }
}

/** A number for a name that says nothing about it: the same on every machine. */
const lot = (name: string) => [...name].reduce((h, letter) => mix32(h ^ letter.codePointAt(0)!), 0x9e3779b9);

/** The names that make up a share of all, drawn by lot of the name alone: round(share · names) of them. */
function drawShare(names: readonly string[], share: number): ReadonlySet<string> {
  const drawn = [...new Set(names)].map((name) => ({ name, lot: lot(name) }));
  drawn.sort((a, b) => a.lot - b.lot || (a.name < b.name ? -1 : 1));
  return new Set(drawn.slice(0, Math.round(share * drawn.length)).map(({ name }) => name));
}

/**
 * The samples whose names fit: any of `include` (default all), none of `exclude`, and then those within the drawn `share` or
 * those outside it. Their order stays.
 * @throws DatasetError where nothing is left, or a share or pattern is none
 */
export function filterDataset(
  dataset: SegmentationDataset,
  { include, exclude = [], share }: NameFilter,
): SegmentationDataset {
  const wanted = include?.map(namePattern);
  const unwanted = exclude.map(namePattern);
  const all = Array.from({ length: dataset.length }, (_, i) => dataset.name(i));
  const fitting = all.flatMap((name, i) =>
    (wanted ? wanted.some((fits) => fits(name)) : true) && !unwanted.some((fits) => fits(name)) ? [i] : [],
  );
  if (share && !(share.of > 0 && share.of < 1))
    throw new DatasetError('bad-source', `filter: a share of ${share.of} is not between 0 and 1.`);
  const drawn =
    share &&
    drawShare(
      fitting.map((i) => all[i]!),
      share.of,
    );
  const kept = drawn ? fitting.filter((i) => drawn.has(all[i]!) === (share?.side === 'drawn')) : fitting;
  if (kept.length === 0)
    throw new DatasetError(
      'empty-split',
      `filter: none of the ${all.length} samples is left by ${JSON.stringify({ include, exclude, share })}. Names look like ${all.slice(0, 3).join(', ')}.`,
    );
  const at = (index: number) => {
    const own = kept[index];
    if (own === undefined) throw new RangeError(`dataset: index ${index} is not an integer of 0..${kept.length - 1}.`);
    return own;
  };
  return {
    length: kept.length,
    classes: dataset.classes,
    name: (index) => dataset.name(at(index)),
    read: (index) => dataset.read(at(index)),
  };
}
