import { join } from 'node:path';
import { writeFileAtomic } from '@gss/checkpoint/node';
import type { NodeBackend } from '@gss/tensor/node';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Context, command, interrupted } from '../cli/command.js';
import { type DataOptions, openSplit } from '../data/sources.js';
import { runTable2 } from '../reproduce/run.js';
import { type Table2RowName, table2, table2Markdown } from '../reproduce/table-2.js';
import { backendOption, positive, startBackend, withData } from './options.js';

interface Options extends DataOptions {
  readonly out: string;
  readonly split: string;
  readonly rows?: Table2RowName[];
  readonly steps?: number;
  readonly minutes?: number;
  readonly seed?: number;
  readonly set?: string[];
  readonly dvae?: string;
  readonly backend?: NodeBackend;
}

const names = table2.map(({ name }) => name);

function rowNames(text: string): Table2RowName[] {
  const asked = text.split(',').map((name) => name.trim());
  const known = asked.flatMap((name) => names.filter((row) => row === name));
  if (known.length === asked.length) return known;
  const unknown = asked.filter((name) => !names.some((row) => row === name));
  throw new InvalidArgumentError(`no row ${unknown.join(', ')}; there are ${names.join(', ')}.`);
}

function amount(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`expected a number above 0, got ${text}.`);
}

function seedNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError(`expected 0, 1, 2, …, got ${text}.`);
}

const describeData = ({ data, dataset, root }: Options, split: string): string =>
  `${data ?? (dataset && root ? dataset : 'synthetic-streets')}, ${split}`;

async function reproduceTable2(context: Context, options: Options): Promise<number | undefined> {
  const { out } = context;
  const train = await openSplit(options, 'train');
  const evaluated = await openSplit(options, options.split);
  await startBackend(out, options.backend);
  const { results, finished } = await runTable2({ train, evaluated }, options, context);
  if (!finished) {
    out.note(`Saved in ${options.out}. Go on with the same command: rows that are done are not trained again.`);
    return interrupted;
  }
  const facts = {
    data: describeData(options, options.split),
    images: evaluated.dataset.length,
    classes: evaluated.classes.length,
    seed: options.seed ?? 0,
  };
  const markdown = table2Markdown(results, facts);
  const rows = results.map(({ row: { config: _, ...row }, outcome }) => ({ ...row, ...outcome }));
  const result = { table: 'table-2', scale: 'nano', ...facts, rows };
  await writeFileAtomic(join(options.out, 'table-2.md'), markdown);
  await writeFileAtomic(join(options.out, 'table-2.json'), `${JSON.stringify(result, null, 2)}\n`);
  out.line(markdown);
  out.result(result);
  return undefined;
}

const table2Command = () =>
  withData(
    command('table-2', 'reconstruction by tokenizer: VQGAN, UViM, dVAE, compact, at nano scale', reproduceTable2),
  )
    .option('--split <name>', 'split to evaluate on', 'val')
    .option(
      '--out <dir>',
      'folder of the runs, one a row; the same command again goes on there',
      join('runs', 'table-2'),
    )
    .addOption(
      new Option('--rows <names>', `comma-separated, of ${names.join(', ')} (default: all)`).argParser(rowNames),
    )
    .addOption(new Option('--steps <n>', 'steps of every row (default: what configs/table-2 says)').argParser(positive))
    .addOption(
      new Option('--minutes <n>', 'training time of all rows together; each gets the steps that fit its share')
        .argParser(amount)
        .conflicts('steps'),
    )
    .addOption(new Option('--seed <n>', 'seed of every row (default: 0)').argParser(seedNumber))
    .option('--set <key=value...>', "override a value of every row's config")
    .option('--dvae <file>', "the dVAE's published weights, as gss convert writes them")
    .addOption(backendOption());

/** `gss reproduce table-2` */
export const reproduceCommand = () =>
  new Command('reproduce')
    .description("a table of the paper at nano scale, beside the paper's")
    .addCommand(table2Command());
