import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { datasetNames, findDataset, findVariant } from '@gss/datasets/catalog';
import {
  contactSheet,
  type DatasetReport,
  inspectDataset,
  openDataset,
  prepareDataset,
  splitNames,
  verifyDataset,
} from '@gss/datasets/node';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Context, command } from '../cli/command.js';
import type { Output } from '../cli/output.js';
import { type DataOptions, sourceOf } from '../data/sources.js';
import { withData } from './options.js';

interface SplitOptions extends DataOptions {
  readonly split: string;
}

const number = (value: number, digits = 2) => value.toFixed(digits);
const plural = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;

/** A progress bar of the length that the first call brings. */
function progress(out: Output, title: string) {
  let bar: ReturnType<Output['progress']> | undefined;
  return {
    onProgress: (done: number, total: number) => {
      bar ??= out.progress(title, total);
      bar.update(done);
    },
    stop: () => bar?.stop(),
  };
}

function printReport(out: Output, report: DatasetReport): void {
  const { images, expected, sizes, ignored, classes, ids } = report;
  out.line(
    `${images} pictures${expected === undefined ? '' : ` (expected ${expected})`}, ${plural(sizes.different, 'size')}: ${sizes.smallest} … ${sizes.largest}, ${number(ignored)} % unlabelled`,
  );
  const width = Math.max(...classes.map(({ name }) => name.length), 5);
  out.line(`${'class'.padEnd(width)}  pixels %  pictures`);
  for (const { name, share, images: n } of classes)
    out.line(`${name.padEnd(width)}  ${number(share, 3).padStart(8)}  ${String(n).padStart(8)}`);
  out.line(`ids in the files: ${ids.map(({ id, meaning }) => `${id} ${meaning}`).join(' · ')}`);
  if (report.emptyClasses.length) out.line(`without a pixel: ${report.emptyClasses.join(', ')}`);
  for (const { id, pixels, images: n, first } of report.unknownIds)
    out.line(
      `UNKNOWN ID ${id}: ${plural(pixels, 'pixel')} in ${plural(n, 'picture')}, first ${first}. Add it to the label table, or repaint it with the ignore id.`,
    );
  for (const { problem, message } of report.problems.slice(0, 20)) out.line(`${problem.toUpperCase()}: ${message}`);
  if (report.problems.length > 20) out.line(`… and ${report.problems.length - 20} more problems (all with --json)`);
  for (const group of report.duplicates.slice(0, 10)) out.line(`EQUAL PICTURES: ${group.join(', ')}`);
  if (expected !== undefined && expected !== images) out.line(`INCOMPLETE: ${images} of ${expected} pictures`);
}

const split = () => new Option('--split <name>', 'which split').default('train');
const journal = () =>
  new Option('--journal <file>', 'note each picture here and skip those noted: an interrupted run goes on');
const atOnce = () =>
  new Option('--concurrency <n>', 'pictures at once (default: one a core)').argParser((value) => {
    const n = Number(value);
    if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('Expected an integer ≥ 1.');
    return n;
  });

interface InspectOptions extends SplitOptions {
  readonly journal?: string;
  readonly sheet?: string;
  readonly concurrency?: number;
}

const optional = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };

async function inspect({ out, signal }: Context, options: InspectOptions): Promise<number> {
  const source = sourceOf(options, options.split);
  const bar = progress(out, 'inspect');
  const report = await inspectDataset(source, {
    ...bar,
    signal,
    ...optional('journal', options.journal),
    ...optional('concurrency', options.concurrency),
  });
  bar.stop();
  printReport(out, report);
  if (options.sheet) {
    const format = /\.(jpe?g)$/i.test(options.sheet) ? 'jpeg' : 'png';
    await writeFile(options.sheet, await contactSheet(await openDataset(source), { format }));
    out.line(`contact sheet: ${options.sheet}`);
  }
  out.result(report);
  return report.ok ? 0 : 1;
}

interface VerifyOptions extends DataOptions {
  readonly splits?: string;
  readonly concurrency?: number;
  readonly journal?: string;
}

/** All splits that there are: of a folder those on disk, of a named data set those of its layout. */
async function splitsOf(options: VerifyOptions): Promise<string[]> {
  if (options.splits) return options.splits.split(',').map((name) => name.trim());
  if (options.data !== undefined) return splitNames(resolve(options.data));
  if (options.dataset !== undefined && options.dataset !== 'synthetic-streets')
    return Object.keys(findVariant(findDataset(options.dataset), options.labels).layout.splits);
  return ['train', 'val'];
}

async function verify({ out, signal }: Context, options: VerifyOptions): Promise<number> {
  const names = await splitsOf(options);
  const bars = names.map((name) => progress(out, `verify ${name}`));
  let current = 0;
  const file = options.journal;
  const report = await verifyDataset(
    names.map((name) => ({ split: name, source: sourceOf(options, name) })),
    {
      signal,
      ...optional('concurrency', options.concurrency),
      ...(file ? { journal: (name: string) => `${file}.${name}` } : {}),
      onProgress: (done, total) => {
        bars[current]?.onProgress(done, total);
        if (done === total) bars[current++]?.stop();
      },
    },
  );
  for (const [i, name] of names.entries()) {
    out.line(`\nsplit ${name}`);
    printReport(out, report.splits[i]!);
  }
  for (const group of report.acrossSplits) out.line(`IN TWO SPLITS: ${group.join(', ')}`);
  out.line(report.ok ? '\nAll good.' : '\nNot as it should be: see above.');
  out.result({ ...report, names });
  return report.ok ? 0 : 1;
}

interface PrepareOptions extends SplitOptions {
  readonly out: string;
  readonly format: 'folder' | 'shards';
  readonly shardSize: number;
  readonly concurrency?: number;
}

async function prepare({ out, signal }: Context, options: PrepareOptions): Promise<undefined> {
  const { split: name, format, shardSize } = options;
  const bar = progress(out, 'prepare');
  const report = await prepareDataset({
    source: sourceOf(options, name),
    out: options.out,
    format,
    split: name,
    shardSize,
    ...bar,
    signal,
    ...optional('concurrency', options.concurrency),
  });
  bar.stop();
  const unit = format === 'shards' ? 'shard' : 'picture';
  out.line(
    `${report.samples} pictures in ${report.out}${report.kept ? ` (${plural(report.kept, unit)} kept from before)` : ''}`,
  );
  out.result(report);
  return undefined;
}

async function list({ out }: Context): Promise<undefined> {
  const known = datasetNames().map((name) => findDataset(name));
  for (const { name, title, place, terms, variants } of known) {
    out.line(`${name.padEnd(15)} ${title}; labels: ${variants.map(({ labels }) => labels).join(', ')}`);
    out.line(`${' '.repeat(16)}${place} (${terms})`);
  }
  out.result({
    datasets: known.map(({ name, title, place, terms, variants }) => ({
      name,
      title,
      place,
      terms,
      labels: variants.map(({ labels }) => labels),
    })),
  });
  return undefined;
}

/** `gss dataset inspect|verify|prepare|list`. */
export const datasetCommand = () =>
  new Command('dataset')
    .description('look into a data set, check it, write it in a faster form')
    .addCommand(
      withData(command('inspect', 'count pictures, ids and classes of a split and name what is wrong', inspect))
        .addOption(split())
        .option('--sheet <file>', 'write an overview picture (.png or .jpg)')
        .addOption(journal())
        .addOption(atOnce()),
    )
    .addCommand(
      withData(command('verify', 'inspect all splits and look for pictures that are in two of them', verify))
        .option('--splits <names>', 'only these, separated by commas')
        .addOption(journal())
        .addOption(atOnce()),
    )
    .addCommand(
      withData(command('prepare', 'write class-id PNGs in a folder, or packed shards', prepare))
        .addOption(split())
        .requiredOption('--out <dir>', 'where to')
        .addOption(new Option('--format <kind>', 'folder or shards').choices(['folder', 'shards']).default('folder'))
        .addOption(new Option('--shard-size <n>', 'pictures in a shard').argParser(Number).default(1000))
        .addOption(atOnce()),
    )
    .addCommand(command('list', 'the data sets that are known by name, with their places and terms', list));
