import { join } from 'node:path';
import { writeFileAtomic } from '@gss/checkpoint/node';
import type { NodeBackend } from '@gss/tensor/node';
import { Command, Option } from 'commander';
import { type Context, command, interrupted } from '../cli/command.js';
import { type DataOptions, openSplit } from '../data/sources.js';
import { runTable2 } from '../reproduce/run.js';
import { type Table2RowName, table2, table2Markdown } from '../reproduce/table-2.js';
import { backendOption, positive, startBackend, withData } from './options.js';
import { amount, describeData, rowNames, seedNumber } from './reproduce-grid.js';
import { table1Command, table9Command } from './reproduce-posterior.js';
import { table3Command } from './reproduce-prior.js';

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
      new Option('--rows <names>', `comma-separated, of ${names.join(', ')} (default: all)`).argParser(rowNames(names)),
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

/** `gss reproduce table-1|table-2|table-3|table-9` */
export const reproduceCommand = () =>
  new Command('reproduce')
    .description("a table of the paper at nano scale, beside the paper's")
    .addCommand(table1Command())
    .addCommand(table2Command())
    .addCommand(table3Command())
    .addCommand(table9Command());
