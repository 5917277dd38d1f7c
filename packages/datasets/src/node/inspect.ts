import { createHash } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { DatasetError, type DatasetProblem } from '../errors.js';
import { compileLabelTable, identityTable } from '../label-table.js';
import type { DatasetSource } from '../source.js';
import type { SegmentationDataset } from '../types.js';
import { decodeImage, readBytes } from './decode-image.js';
import type { NamedDataset } from './named.js';
import { openDataset } from './open-dataset.js';
import type { PairDataset } from './pair-dataset.js';
import { runPool } from './pool.js';
import { type DatasetReport, equalPictures, summarise } from './report.js';

export interface InspectOptions {
  readonly concurrency?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** A file of one JSON line a sample. Samples that it has already are not read again: an interrupted run goes on. */
  readonly journal?: string;
  readonly signal?: AbortSignal;
}

/** What was seen of one sample. */
export interface SampleRecord {
  readonly name: string;
  readonly file: string;
  readonly width?: number;
  readonly height?: number;
  /** Raw ids of the label file and their pixels. */
  readonly ids?: readonly (readonly [id: number, pixels: number])[];
  /** Of the decoded picture: equal pictures have equal hashes whatever their files are. */
  readonly hash?: string;
  readonly problem?: DatasetProblem;
  readonly message?: string;
}

/**
 * Reads every picture and label of a split and reports: counts against the expected, id histogram, unknown ids, pixel share and
 * pictures per class, empty classes, sizes, unreadable files, palette PNGs, size mismatches, equal pictures.
 * Samples that fail are reported, not thrown.
 * @throws DatasetError only when the split cannot be opened at all.
 */
export async function inspectDataset(source: DatasetSource, options: InspectOptions = {}): Promise<DatasetReport> {
  const dataset = await openDataset(source);
  return report(source, dataset, await readRecords(dataset, options));
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

async function readRecords(dataset: SegmentationDataset, options: InspectOptions): Promise<SampleRecord[]> {
  const known = options.journal ? await readJournal(options.journal) : new Map<string, SampleRecord>();
  const records: SampleRecord[] = [];
  let done = 0;
  await runPool(
    dataset.length,
    options.concurrency ?? availableParallelism(),
    async (index) => {
      const name = dataset.name(index);
      const before = known.get(name);
      const record = before ?? (await inspectSample(dataset, index));
      if (options.journal && !before) await appendFile(options.journal, `${JSON.stringify(record)}\n`);
      records[index] = record;
      options.onProgress?.(++done, dataset.length);
    },
    options.signal,
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

async function inspectSample(dataset: SegmentationDataset, index: number): Promise<SampleRecord> {
  const { pairs, readRaw, options } = dataset as Partial<PairDataset>;
  const pair = pairs?.[index];
  const name = dataset.name(index);
  const file = pair?.label ?? name;
  try {
    if (!pair || !readRaw) {
      const { image, labels } = await dataset.read(index);
      return {
        name,
        file,
        width: image.width,
        height: image.height,
        ids: histogram(labels.data),
        hash: hashOf(image.data),
      };
    }
    const bytes = await readBytes(pair.image);
    const image = await decodeImage(bytes, pair.image, options?.maxPixels);
    const raw = await readRaw(index);
    const seen = {
      name,
      file,
      width: image.width,
      height: image.height,
      ids: histogram(raw.data),
      hash: hashOf(image.data),
    };
    if (raw.width === image.width && raw.height === image.height) return seen;
    const message = `${pair.label}: the label is ${raw.width}×${raw.height}, its picture ${pair.image} is ${image.width}×${image.height}.`;
    return { ...seen, problem: 'size-mismatch', message };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    return { name, file: error.file ?? file, problem: error.problem, message: error.message };
  }
}

const hashOf = (data: Uint8Array | Uint8ClampedArray): string =>
  createHash('sha256').update(data).digest('hex').slice(0, 32);

function histogram(data: Uint8Array | Uint16Array): [number, number][] {
  const counts = new Uint32Array(65536);
  for (let i = 0; i < data.length; i++) counts[data[i]!]!++;
  return [...counts.entries()].filter(([, pixels]) => pixels > 0);
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
  for (const { split, source } of splits) {
    const dataset = await openDataset(source);
    const records = await readRecords(dataset, { ...rest, ...(journal ? { journal: journal(split) } : {}) });
    reports.push(report(source, dataset, records));
    pictures.push(...records.map(({ name, hash }): [string, string | undefined] => [`${split}/${name}`, hash]));
  }
  const splitOf = (name: string) => splits.find(({ split }) => name.startsWith(`${split}/`))?.split;
  const acrossSplits = equalPictures(pictures).filter((group) => new Set(group.map(splitOf)).size > 1);
  return { splits: reports, acrossSplits, ok: acrossSplits.length === 0 && reports.every(({ ok }) => ok) };
}
