import { appendFile, readFile } from 'node:fs/promises';
import { compileLabelTable, identityTable } from '../label-table.js';
import type { DatasetSource } from '../source.js';
import type { SegmentationDataset } from '../types.js';
import { type CrewOptions, withCrew } from './crew.js';
import type { SampleRecord } from './inspect-sample.js';
import type { NamedDataset } from './named.js';
import { openDataset, withoutRepeats } from './open-dataset.js';
import { type DatasetReport, equalPictures, summarise } from './report.js';

export interface InspectOptions extends CrewOptions {
  readonly onProgress?: (done: number, total: number) => void;
  /** A file of one JSON line a sample. Samples that it has already are not read again: an interrupted run goes on. */
  readonly journal?: string;
}

/**
 * Reads every picture and label of a split and reports: counts against the expected, id histogram, unknown ids, pixel share and
 * pictures per class, empty classes, sizes, unreadable files, palette PNGs, size mismatches, equal pictures.
 * Samples that fail are reported, not thrown.
 * @throws DatasetError only when the split cannot be opened at all.
 */
export async function inspectDataset(given: DatasetSource, options: InspectOptions = {}): Promise<DatasetReport> {
  const source = withoutRepeats(given);
  const dataset = await openDataset(source);
  return report(source, dataset, await readRecords(source, dataset, options));
}

function report(source: DatasetSource, dataset: SegmentationDataset, records: readonly SampleRecord[]): DatasetReport {
  const { table = identityTable(dataset.classes.length), expected } = dataset as Partial<NamedDataset>;
  const lookup = compileLabelTable(table);
  return summarise(records, {
    source,
    classes: dataset.classes,
    lookup,
    ...(expected === undefined ? {} : { expected }),
  });
}

async function readRecords(
  source: DatasetSource,
  dataset: SegmentationDataset,
  options: InspectOptions,
): Promise<SampleRecord[]> {
  const { journal, onProgress } = options;
  const known = journal ? await readJournal(journal) : new Map<string, SampleRecord>();
  const records: SampleRecord[] = [];
  let done = 0;
  await withCrew(source, dataset, options, (crew) =>
    crew.each(dataset.length, async (index) => {
      const before = known.get(dataset.name(index));
      const record = before ?? (await crew.run('inspectSample', index, undefined));
      if (journal && !before) await appendFile(journal, `${JSON.stringify(record)}\n`);
      records[index] = record;
      onProgress?.(++done, dataset.length);
    }),
  );
  return records;
}

/** A last line that was cut off in the middle is read anew. */
async function readJournal(journal: string): Promise<Map<string, SampleRecord>> {
  const text = await readFile(journal, 'utf8').catch(() => '');
  const known = new Map<string, SampleRecord>();
  for (const line of text.split('\n')) {
    try {
      const record = JSON.parse(line) as SampleRecord;
      known.set(record.name, record);
    } catch {}
  }
  return known;
}

export interface VerifyReport {
  readonly splits: readonly DatasetReport[];
  /** Pictures that occur in more than one split, as `split/name`. */
  readonly acrossSplits: readonly (readonly string[])[];
  readonly ok: boolean;
}

/** Inspects several splits and also looks for pictures that are in more than one of them: a test set that was trained on. */
export async function verifyDataset(
  splits: readonly { readonly split: string; readonly source: DatasetSource }[],
  options: Omit<InspectOptions, 'journal'> & { readonly journal?: (split: string) => string } = {},
): Promise<VerifyReport> {
  const { journal, ...rest } = options;
  const reports: DatasetReport[] = [];
  const pictures: [string, string | undefined][] = [];
  for (const { split, source: given } of splits) {
    const source = withoutRepeats(given);
    const dataset = await openDataset(source);
    const records = await readRecords(source, dataset, { ...rest, ...(journal ? { journal: journal(split) } : {}) });
    reports.push(report(source, dataset, records));
    pictures.push(...records.map(({ name, hash }): [string, string | undefined] => [`${split}/${name}`, hash]));
  }
  const splitOf = (name: string) => splits.find(({ split }) => name.startsWith(`${split}/`))?.split;
  const acrossSplits = equalPictures(pictures).filter((group) => new Set(group.map(splitOf)).size > 1);
  return { splits: reports, acrossSplits, ok: acrossSplits.length === 0 && reports.every(({ ok }) => ok) };
}
