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
  readonly seed: number;
  readonly seeds: number;
  readonly set?: string[];
  readonly tokenizer?: string;
  readonly backend?: NodeBackend;
}

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

export function amount(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`expected a number above 0, got ${text}.`);
}

export function seedNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError(`expected 0, 1, 2, …, got ${text}.`);
}

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

export const describeData = ({ data, dataset, root }: DataOptions, split: string): string =>
  `${data ?? (dataset && root ? dataset : 'synthetic-streets')}, ${split}`;

/** The words of a command line as they would be typed. */
const typed = (words: readonly string[]) =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');

async function reproduce<R extends GridRow, O extends GridCommandOptions>(
  table: GridTable<R, O>,
  context: Context,
  options: O,
): Promise<number | undefined> {
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
  const { seed, seeds } = options;
  const rows = results.map(({ row, outcome }) => ({ ...row, ...outcome }));
  const result = { table: table.name, scale: 'nano', ...facts, seed, seeds, rows };
  await writeFileAtomic(join(options.out, `${table.name}.md`), markdown);
  await writeFileAtomic(join(options.out, `${table.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  out.line(markdown);
  out.result(result);
  return undefined;
}

/** The command of a table with the options that all have. */
export function gridCommand<R extends GridRow, O extends GridCommandOptions>(table: GridTable<R, O>): Command {
  const names = table.rows.map(({ name }) => name);
  return withData(command(table.name, table.description, (context, options: O) => reproduce(table, context, options)))
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
    .addOption(new Option('--seeds <n>', 'how many seeds: figures become means').argParser(positive).default(1))
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
