import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ClassInfo, DatasetSource, SegmentationDataset } from '@gss/datasets';
import { datasetNames } from '@gss/datasets/catalog';
import { msegMix, msegTrainSets } from '@gss/datasets/mseg';
import { openDataset, parseClasses } from '@gss/datasets/node';
import type { SkipOptions } from '@gss/train/node';
import { UsageError } from '../cli/errors.js';
import { tolerant } from './unreadable.js';

/** Where the pictures come from, as options give it: a folder, or the embedded default. */
export interface DataOptions {
  readonly data?: string;
  readonly dataset?: string;
  /** Where the data set `--dataset` lies, in its published layout, and which kind of its labels to take. */
  readonly root?: string;
  readonly labels?: string;
  /** Take the indices of palette PNGs as ids. */
  readonly palettePng?: boolean;
  /** Any source as JSON, in a file or inline; "{split}" in it stands for the split. */
  readonly source?: string;
  /** Globs or /…/ for the names of samples to take, and to leave out. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** Size and number of the embedded default's scenes. */
export const syntheticStreets = { width: 192, height: 128, train: 480, val: 60, seed: 1, variety: 'calm' } as const;

function sourceOfJson(source: string, split: string): DatasetSource {
  const inline = source.trimStart().startsWith('{');
  if (!inline && !existsSync(source))
    throw new UsageError(`--source ${source}: no such file. It should hold a source such as {"kind": "folder", …}.`);
  const text = inline ? source : readFileSync(source, 'utf8');
  try {
    return JSON.parse(text.replaceAll('{split}', split)) as DatasetSource;
  } catch (error) {
    throw new UsageError(`--source ${inline ? '' : source}: not JSON (${(error as Error).message}).`);
  }
}

/** MSeg's joined training set: a folder ROOT/NAME for each of its seven sets; those that are not there are left out. */
function msegSource(root: string, split: string, labels: string | undefined): DatasetSource {
  if (labels !== undefined && labels !== 'mseg' && labels !== 'mseg-relabeled')
    throw new UsageError(`--labels ${labels}: --dataset mseg has mseg-relabeled (default) and mseg.`);
  const names = Object.keys(msegTrainSets) as (keyof typeof msegTrainSets)[];
  const there = names.filter((name) => existsSync(resolve(root, name)));
  if (there.length === 0)
    throw new UsageError(`--root ${root}: none of the folders ${names.join(', ')} is there. Nothing is downloaded.`);
  const roots = Object.fromEntries(there.map((name) => [name, resolve(root, name)]));
  return msegMix(roots, { split, ...(labels === undefined ? {} : { labels }) });
}

/** The source of a split. `--data DIR` has the layout images/SPLIT, labels/SPLIT, classes.json. */
export function sourceOf(options: DataOptions, split: string): DatasetSource {
  const { data, dataset, root, labels, palettePng, source } = options;
  if (source !== undefined) return sourceOfJson(source, split);
  if (data !== undefined) {
    const folder = resolve(data);
    if (!existsSync(folder))
      throw new UsageError(
        `--data ${data}: no such folder. It should hold images/SPLIT, labels/SPLIT and classes.json.`,
      );
    return { kind: 'folder', root: folder, split, ...(palettePng ? { acceptPalettePng: true } : {}) };
  }
  if (dataset !== undefined && dataset !== 'synthetic-streets') {
    if (dataset !== 'mseg' && !datasetNames().includes(dataset))
      throw new UsageError(
        `--dataset ${dataset}: not known. Known: synthetic-streets, ${datasetNames().join(', ')}, mseg; other data by --data DIR or --source JSON.`,
      );
    if (root === undefined)
      throw new UsageError(`--dataset ${dataset}: say with --root DIR where it lies. Nothing is downloaded.`);
    if (dataset === 'mseg') return msegSource(root, split, labels);
    return { kind: 'named', name: dataset, root: resolve(root), split, ...(labels === undefined ? {} : { labels }) };
  }
  if (split !== 'train' && split !== 'val' && split !== 'test') {
    throw new UsageError(`--split ${split}: synthetic-streets has train, val and test.`);
  }
  const { width, height, seed, train, val, variety } = syntheticStreets;
  return { kind: 'synthetic-streets', seed, width, height, count: split === 'train' ? train : val, split, variety };
}

export interface OpenedData {
  readonly source: DatasetSource;
  readonly dataset: SegmentationDataset;
  readonly classes: readonly ClassInfo[];
  /** Size of the first picture: the scale that random resizing is relative to. */
  readonly size: { readonly width: number; readonly height: number };
}

/** Opens a split, or what --include and --exclude leave of it; an empty one is an error. */
export async function openSplit(options: DataOptions, split: string, skip?: SkipOptions): Promise<OpenedData> {
  const { include, exclude } = options;
  return openSource(filtered(sourceOf(options, split), { include, exclude }), skip);
}

/** The source with a filter around it, or as it is where nothing is filtered. */
export function filtered(source: DatasetSource, { include, exclude, share }: SampleFilter): DatasetSource {
  if (!include?.length && !exclude?.length && !share) return source;
  return {
    kind: 'filtered',
    source,
    ...(include?.length ? { include } : {}),
    ...(exclude?.length ? { exclude } : {}),
    ...(share ? { share } : {}),
  };
}

export interface SampleFilter {
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly share?: { readonly of: number; readonly side: 'drawn' | 'rest' } | undefined;
}

/** Opens a source and looks at its first picture; `skip` says what to do about samples that cannot be read. */
export async function openSource(source: DatasetSource, skip?: SkipOptions): Promise<OpenedData> {
  const opened = await openDataset(source);
  const dataset = skip ? tolerant(opened, skip) : opened;
  const { image } = await dataset.read(0);
  return { source, dataset, classes: dataset.classes, size: { width: image.width, height: image.height } };
}

/**
 * No pictures at all, only the classes of a classes.json: enough for a tokenizer that learns from procedural masks.
 * @throws DatasetError that names the file and the entry at fault
 */
export async function classesOnly(file: string): Promise<OpenedData> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UsageError(
      `--classes ${file}: ${(error as Error).message}. Name a classes.json as data folders have it.`,
    );
  }
  const { classes } = parseClasses(json, file);
  const none = (): never => {
    throw new UsageError(`--classes ${file} has no pictures. Set tokenizer.masks=procedural, or give --data DIR.`);
  };
  const source: DatasetSource = { kind: 'mixed', parts: [] };
  return { source, dataset: { length: 0, classes, name: none, read: none }, classes, size: { width: 0, height: 0 } };
}

/** Refuses data whose classes are not the model's. */
export function sameClasses(
  model: readonly { name: string }[],
  data: readonly { name: string }[],
  where: string,
): void {
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name).join(', ');
  if (names(model) === names(data)) return;
  throw new UsageError(
    `${where}: the data's classes are not the model's.\n  model (${model.length}): ${names(model)}\n  data (${data.length}): ${names(data)}\nEvaluate on data with the same classes in the same order.`,
  );
}
