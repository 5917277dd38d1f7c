import type { DatasetProblem } from '../errors.js';
import type { DatasetSource } from '../source.js';
import { type ClassInfo, ignoreIndex } from '../types.js';
import type { SampleRecord } from './inspect-sample.js';

/** What `inspectDataset` found; plain JSON. Shares are 0–100. */
export interface DatasetReport {
  readonly source: DatasetSource;
  readonly images: number;
  /** How many the published split has, where that is known. */
  readonly expected?: number;
  readonly pixels: number;
  /** Share of pixels without a class. */
  readonly ignored: number;
  readonly sizes: { readonly smallest: string; readonly largest: string; readonly different: number };
  /** Every raw id that occurs. */
  readonly ids: readonly {
    readonly id: number;
    readonly pixels: number;
    readonly share: number;
    readonly meaning: string;
  }[];
  readonly classes: readonly {
    readonly name: string;
    readonly pixels: number;
    readonly share: number;
    readonly images: number;
  }[];
  /** Classes without a pixel. */
  readonly emptyClasses: readonly string[];
  /** Raw ids that the label table calls errors. */
  readonly unknownIds: readonly {
    readonly id: number;
    readonly pixels: number;
    readonly images: number;
    readonly first: string;
  }[];
  /** Names of samples with equal pictures. */
  readonly duplicates: readonly (readonly string[])[];
  readonly problems: readonly { readonly problem: DatasetProblem; readonly file: string; readonly message: string }[];
  /** No problem, no unknown id, no duplicate, and as many pictures as expected. */
  readonly ok: boolean;
}

export interface Known {
  readonly source: DatasetSource;
  readonly classes: readonly ClassInfo[];
  readonly lookup: Int16Array;
  readonly expected?: number;
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : (100 * part) / whole);

export function summarise(records: readonly SampleRecord[], known: Known): DatasetReport {
  const { classes, lookup, source, expected } = known;
  const ids = new Map<number, { pixels: number; images: number; first: string }>();
  for (const { ids: seen, file } of records)
    for (const [id, pixels] of seen ?? []) {
      const entry = ids.get(id) ?? { pixels: 0, images: 0, first: file };
      ids.set(id, { pixels: entry.pixels + pixels, images: entry.images + 1, first: entry.first });
    }
  const sorted = [...ids].sort(([a], [b]) => a - b);
  const pixels = sorted.reduce((sum, [, entry]) => sum + entry.pixels, 0);
  const perClass = classes.map(({ name }, c) => {
    const own = new Set(sorted.map(([id]) => id).filter((id) => lookup[id] === c));
    const count = sorted.reduce((sum, [id, entry]) => sum + (own.has(id) ? entry.pixels : 0), 0);
    const images = records.filter((record) => record.ids?.some(([id]) => own.has(id))).length;
    return { name, pixels: count, share: share(count, pixels), images };
  });
  const unknownIds = sorted.filter(([id]) => lookup[id]! < 0).map(([id, entry]) => ({ id, ...entry }));
  const ignored = sorted.reduce((sum, [id, entry]) => sum + (lookup[id] === ignoreIndex ? entry.pixels : 0), 0);
  const problems = records.flatMap(({ problem, message, file }) =>
    problem ? [{ problem, file, message: message ?? problem }] : [],
  );
  const duplicates = equalPictures(records.map(({ name, hash }) => [name, hash]));
  const complete = expected === undefined || expected === records.length;
  return {
    source,
    images: records.length,
    ...(expected === undefined ? {} : { expected }),
    pixels,
    ignored: share(ignored, pixels),
    sizes: sizesOf(records),
    ids: sorted.map(([id, entry]) => ({
      id,
      pixels: entry.pixels,
      share: share(entry.pixels, pixels),
      meaning: meaning(lookup[id]!, classes),
    })),
    classes: perClass,
    emptyClasses: perClass.filter((c) => c.pixels === 0).map(({ name }) => name),
    unknownIds,
    duplicates,
    problems,
    ok: problems.length === 0 && unknownIds.length === 0 && duplicates.length === 0 && complete,
  };
}

const meaning = (id: number, classes: readonly ClassInfo[]) =>
  id < 0 ? 'unknown' : id === ignoreIndex ? 'ignored' : (classes[id]?.name ?? 'unknown');

function sizesOf(records: readonly SampleRecord[]): DatasetReport['sizes'] {
  const sizes = records.flatMap(({ width, height }) => (width && height ? [{ width, height }] : []));
  const sorted = sizes
    .sort((a, b) => a.width * a.height - b.width * b.height)
    .map(({ width, height }) => `${width}×${height}`);
  return { smallest: sorted[0] ?? '-', largest: sorted.at(-1) ?? '-', different: new Set(sorted).size };
}

/** Groups of two or more names with the same hash. */
export function equalPictures(pictures: readonly (readonly [name: string, hash: string | undefined])[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const [name, hash] of pictures) if (hash) groups.set(hash, [...(groups.get(hash) ?? []), name]);
  return [...groups.values()].filter((group) => group.length > 1);
}
