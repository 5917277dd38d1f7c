import { join } from 'node:path';
import { writeFileAtomic } from '@gss/checkpoint/node';
import type { NodeBackend } from '@gss/tensor/node';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Context, command, interrupted } from '../cli/command.js';
import { type DataOptions, type OpenedData, openSplit } from '../data/sources.js';
import type { GridRow, RowResult } from '../reproduce/grid.js';
import { backendOption, positive, startBackend, withData } from './options.js';

/** Options that all tables of rows and seeds share. */
export interface GridCommandOptions extends DataOptions {
  readonly out: string;
  readonly split: string;
  readonly rows?: string[];
  readonly steps?: number;
  readonly minutes?: number;
  readonly seeds: readonly number[];
  readonly set?: string[];
  readonly tokenizer?: string;
  readonly backend?: NodeBackend;
}

/** The same as they are typed: the seeds still a first one and a number, or a list. */
type TypedOptions<O extends GridCommandOptions> = Omit<O, 'seeds'> & {
  readonly seed: number;
  readonly seeds: number | readonly number[];
};

export interface TableFacts {
  readonly data: string;
  readonly images: number;
  readonly classes: number;
  readonly command: string;
}

/** A table: its rows, how they are run, how the result reads. */
export interface GridTable<R extends GridRow, O extends GridCommandOptions> {
  readonly name: string;
  readonly description: string;
  readonly rows: readonly R[];
  readonly run: (
    data: { readonly train: OpenedData; readonly evaluated: OpenedData },
    options: O,
    context: Context,
  ) => Promise<{ readonly results: readonly RowResult<R>[]; readonly finished: boolean }>;
  readonly markdown: (results: readonly RowResult<R>[], facts: TableFacts, options: O) => string;
}

/** Parses a number above 0, fractions too: minutes. */
export function amount(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`expected a number above 0, got ${text}.`);
}

/** Parses a seed: 0, 1, 2, … */
export function seedNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError(`expected 0, 1, 2, …, got ${text}.`);
}

/** `3` is the first three seeds from `--seed` on, `0,1,2` those very ones. */
export function seedCountOrList(text: string): number | number[] {
  if (!text.includes(',')) return positive(text);
  const seeds = text.split(',').map((part) => seedNumber(part.trim()));
  if (new Set(seeds).size === seeds.length) return seeds;
  throw new InvalidArgumentError(`expected different seeds, got ${text}.`);
}

/** The seeds that `--seed` and `--seeds` say. */
export const seedsOf = (first: number, seeds: number | readonly number[]): readonly number[] =>
  typeof seeds === 'number' ? Array.from({ length: seeds }, (_, i) => first + i) : seeds;

/** For the head of a table. */
export const tellSeeds = ({ seeds }: Pick<GridCommandOptions, 'seeds'>): string =>
  `seed${seeds.length > 1 ? 's' : ''} ${seeds.join(', ')}`;

/** Parses a list of names of rows. */
export const rowNames =
  <N extends string>(names: readonly N[]) =>
  (text: string): N[] => {
    const asked = text.split(',').map((name) => name.trim());
    const known = asked.flatMap((name) => names.filter((row) => row === name));
    if (known.length === asked.length) return known;
    const unknown = asked.filter((name) => !names.some((row) => row === name));
    throw new InvalidArgumentError(`no row ${unknown.join(', ')}; there are ${names.join(', ')}.`);
  };

/** The data of a table and the split that was scored, in words. */
export const describeData = ({ data, dataset, root }: DataOptions, split: string): string =>
  `${data ?? (dataset && root ? dataset : 'synthetic-streets')}, ${split}`;

/** The words of a command line as they would be typed. */
const typed = (words: readonly string[]) =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');

async function reproduce<R extends GridRow, O extends GridCommandOptions>(
  table: GridTable<R, O>,
  context: Context,
  typedOptions: TypedOptions<O>,
): Promise<number | undefined> {
  const { seed, seeds: wanted, ...rest } = typedOptions;
  const options = { ...rest, seeds: seedsOf(seed, wanted) } as unknown as O;
  const { out } = context;
  const train = await openSplit(options, 'train');
  const evaluated = await openSplit(options, options.split);
  await startBackend(out, options.backend);
  const { results, finished } = await table.run({ train, evaluated }, options, context);
  if (!finished) {
    out.note(`Saved in ${options.out}. Go on with the same command: rows that are done are not run again.`);
    return interrupted;
  }
  const facts: TableFacts = {
    data: describeData(options, options.split),
    images: evaluated.dataset.length,
    classes: evaluated.classes.length,
    command: typed(['npx', 'gss', ...process.argv.slice(2)]),
  };
  const markdown = table.markdown(results, facts, options);
  const { seeds } = options;
  const rows = results.map(({ row, outcome }) => ({ ...row, ...outcome }));
  const result = { table: table.name, scale: 'nano', ...facts, seeds, rows };
  await writeFileAtomic(join(options.out, `${table.name}.md`), markdown);
  await writeFileAtomic(join(options.out, `${table.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  out.line(markdown);
  out.result(result);
  return undefined;
}

/** The command of a table with the options that all have. */
export function gridCommand<R extends GridRow, O extends GridCommandOptions>(table: GridTable<R, O>): Command {
  const names = table.rows.map(({ name }) => name);
  return withData(
    command(table.name, table.description, (context, options: TypedOptions<O>) => reproduce(table, context, options)),
  )
    .option('--split <name>', 'split to evaluate on', 'val')
    .option(
      '--out <dir>',
      'folder of the runs, one a row and seed; the same command again goes on there',
      join('runs', table.name),
    )
    .addOption(
      new Option('--rows <names>', `comma-separated, of ${names.join(', ')} (default: all)`).argParser(rowNames(names)),
    )
    .addOption(new Option('--seed <n>', 'first seed').argParser(seedNumber).default(0))
    .addOption(
      new Option('--seeds <n or list>', 'how many seeds, or which (0,1,2): figures become means ± standard deviation')
        .argParser(seedCountOrList)
        .default(1),
    )
    .option('--set <key=value...>', "override a value of every row's config")
    .addOption(backendOption());
}

/** Options of tables whose rows train. */
export const withTraining = (made: Command, table: string): Command =>
  made
    .addOption(
      new Option('--steps <n>', `steps of every row (default: what configs/${table} says)`).argParser(positive),
    )
    .addOption(
      new Option('--minutes <n>', 'training time of all rows together, a seed; each gets the steps that fit its share')
        .argParser(amount)
        .conflicts('steps'),
    );
