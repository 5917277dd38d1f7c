import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError } from '../errors.js';
import type { DatasetSource } from '../source.js';
import { ignoreIndex, type Sample, type SegmentationDataset } from '../types.js';
import { type Crew, type CrewOptions, withCrew } from './crew.js';
import { readBytes } from './decode-image.js';
import type { EncodedSample } from './encode-sample.js';
import { openDataset, withoutRepeats } from './open-dataset.js';
import type { ShardIndex, ShardSample } from './shards.js';
import { tarEnd, tarHeader, tarPadding } from './tar.js';
import { writeFileAtomic } from './write-file.js';

export interface PrepareOptions extends CrewOptions {
  readonly source: DatasetSource;
  readonly out: string;
  /** 'folder': images/SPLIT, labels/SPLIT (class-id PNGs) and classes.json; 'shards': WebDataset tars with an index. */
  readonly format: 'folder' | 'shards';
  /** The split's name in a folder; default 'train'. */
  readonly split?: string;
  /** Samples in a shard; default 1000. */
  readonly shardSize?: number;
  /** More files per sample for the shards, by extension: token caches, say. */
  readonly extras?: (sample: Sample) => Promise<Readonly<Record<string, Uint8Array>>>;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface PrepareReport {
  readonly out: string;
  readonly samples: number;
  /** Files or shards that were there already and were kept. */
  readonly kept: number;
  readonly bytes: number;
}

/**
 * Writes a data set anew with class ids in its labels, for fast reading. Interrupted, it goes on where it stopped: every file is
 * written whole or not at all, and what is there is kept.
 * @throws DatasetError for the first sample that cannot be read; run `inspectDataset` to see all.
 */
export async function prepareDataset(options: PrepareOptions): Promise<PrepareReport> {
  const source = withoutRepeats(options.source);
  const dataset = await openDataset(source);
  await mkdir(options.out, { recursive: true });
  return withCrew(source, dataset, options, (crew) =>
    options.format === 'folder' ? prepareFolder(dataset, crew, options) : prepareShards(dataset, crew, options),
  );
}

async function prepareFolder(
  dataset: SegmentationDataset,
  crew: Crew,
  { out, split = 'train', onProgress }: PrepareOptions,
): Promise<PrepareReport> {
  const { length } = dataset;
  let [done, kept, bytes] = [0, 0, 0];
  await crew.each(length, async (index) => {
    const written = await crew.run('writePair', index, { out, split });
    if (written.kept) kept++;
    bytes += written.bytes;
    onProgress?.(++done, length);
  });
  const classes = dataset.classes.map(({ name, color }, id) => ({ id, name, color }));
  await writeFileAtomic(join(out, 'classes.json'), [
    `${JSON.stringify({ classes, ignore_index: ignoreIndex }, null, 2)}\n`,
  ]);
  return { out, samples: length, kept, bytes };
}

async function prepareShards(
  dataset: SegmentationDataset,
  crew: Crew,
  options: PrepareOptions,
): Promise<PrepareReport> {
  const { out, shardSize = 1000, onProgress, signal } = options;
  if (!Number.isInteger(shardSize) || shardSize < 1)
    throw new RangeError(`prepareDataset: shardSize ${shardSize} is not an integer ≥ 1.`);
  const { length } = dataset;
  const shards: ShardIndex['shards'][number][] = [];
  const samples: ShardSample[] = [];
  let [kept, bytes] = [0, 0];
  for (let first = 0; first < length; first += shardSize) {
    const shard = shards.length;
    const path = join(out, `shard-${String(shard).padStart(5, '0')}.tar`);
    const count = Math.min(shardSize, length - first);
    const names = Array.from({ length: count }, (_, i) => dataset.name(first + i));
    const before = await keptShard(path, shard, names);
    const made =
      before ??
      (await writeShard(path, shard, crew, first, count, options, (done) => onProgress?.(first + done, length)));
    if (before) kept++;
    shards.push(made.entry);
    samples.push(...made.samples);
    bytes += made.entry.bytes;
    onProgress?.(first + count, length);
    signal?.throwIfAborted();
  }
  const index: ShardIndex = { format: 'gss-shards-1', classes: dataset.classes, shards, samples };
  await writeFileAtomic(join(out, 'index.json'), [`${JSON.stringify(index)}\n`]);
  return { out, samples: length, kept, bytes };
}

interface MadeShard {
  readonly entry: ShardIndex['shards'][number];
  readonly samples: readonly ShardSample[];
}

/** A finished shard has its part of the index beside it; it is kept if it still has the checksum and the names it should have. */
async function keptShard(path: string, shard: number, names: readonly string[]): Promise<MadeShard | undefined> {
  try {
    const made = JSON.parse(await readFile(`${path}.json`, 'utf8')) as MadeShard;
    const same = made.samples.length === names.length && made.samples.every(({ name }, i) => name === names[i]);
    const sum = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    if (!same || sum !== made.entry.sha256) return undefined;
    return { ...made, samples: made.samples.map((sample) => ({ ...sample, shard })) };
  } catch {
    return undefined; // not there, or not whole: it is made (again)
  }
}

async function writeShard(
  path: string,
  shard: number,
  crew: Crew,
  first: number,
  count: number,
  { extras }: PrepareOptions,
  onDone: (done: number) => void,
): Promise<MadeShard> {
  const encoded: (EncodedSample & { readonly extras: Readonly<Record<string, Uint8Array>> })[] = [];
  let done = 0;
  await crew.each(count, async (i) => {
    const { sample, ...files } = await crew.run('encodeSample', first + i, { keepSample: extras !== undefined });
    encoded[i] = { ...files, extras: (sample && (await extras?.(sample))) ?? {} };
    onDone(++done);
  });
  const parts: Uint8Array[] = [];
  const hash = createHash('sha256');
  let offset = 0;
  const append = (part: Uint8Array) => {
    parts.push(part);
    hash.update(part);
    offset += part.length;
  };
  const add = (name: string, content: Uint8Array): readonly [number, number] => {
    append(tarHeader(name, content.length));
    const at = offset;
    append(content);
    append(tarPadding(content.length));
    return [at, content.length];
  };
  const samples = encoded.map(({ extension, image, label, name, extras }, i): ShardSample => {
    const key = String(first + i).padStart(8, '0');
    // WebDataset takes what follows the first dot as the field's name.
    const places = { image: add(`${key}.image${extension}`, image), label: add(`${key}.label.png`, label) };
    for (const [field, content] of Object.entries(extras)) add(`${key}.${field}`, content);
    add(`${key}.json`, Buffer.from(JSON.stringify({ name })));
    return { name, shard, ...places };
  });
  append(tarEnd);
  const entry = {
    file: path.split(/[\\/]/).at(-1)!,
    bytes: offset,
    sha256: hash.digest('hex'),
    samples: samples.length,
  };
  await writeFileAtomic(path, parts);
  await writeFileAtomic(`${path}.json`, [JSON.stringify({ entry, samples })]);
  return { entry, samples };
}

/** Reads all shards again and compares their checksums with the index. @throws DatasetError that names the shard. */
export async function verifyShards(root: string, index: ShardIndex): Promise<void> {
  for (const { file, sha256 } of index.shards) {
    const sum = createHash('sha256')
      .update(await readBytes(join(root, file)))
      .digest('hex');
    if (sum !== sha256)
      throw new DatasetError(
        'unreadable-image',
        `${join(root, file)}: checksum ${sum} is not the index's ${sha256}. Prepare the shards again.`,
        file,
      );
  }
}
