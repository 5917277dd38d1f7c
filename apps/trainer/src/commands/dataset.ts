import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { datasetNames, findDataset, findVariant } from '@gss/datasets/catalog';
import { contactSheet, inspectDataset, openDataset, splitNames, verifyDataset } from '@gss/datasets/node';
import { Command } from 'commander';
import { type Context, command } from '../cli/command.js';
import { type DataOptions, sourceOf } from '../data/sources.js';
import { journalOption, optional, progress, splitOption, untilInterrupted, workersOption } from './dataset-options.js';
import { prepareCommand, pruneCommand } from './dataset-prepare.js';
import { printReport } from './dataset-report.js';
import { withData } from './options.js';

interface InspectOptions extends DataOptions {
  readonly split: string;
  readonly journal?: string;
  readonly sheet?: string;
  readonly workers?: number;
}

/** Says what an interrupted look through pictures leaves behind. */
const goOn = (journal: string | undefined) =>
  journal ? 'The same command goes on where it stopped.' : 'With --journal FILE the next run would go on from here.';

async function inspect({ out, signal }: Context, options: InspectOptions): Promise<number> {
  const source = sourceOf(options, options.split);
  const bar = progress(out, 'inspect');
  const report = await inspectDataset(source, {
    ...bar,
    signal,
    ...optional('journal', options.journal),
    ...optional('workers', options.workers),
  }).finally(bar.stop);
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
  readonly workers?: number;
  readonly journal?: string;
}

/** All splits that there are: of a folder those on disk, of a named data set those of its layout. */
async function splitsOf(options: VerifyOptions): Promise<string[]> {
  if (options.splits) return options.splits.split(',').map((name) => name.trim());
  if (options.data !== undefined) return splitNames(resolve(options.data));
  if (options.source === undefined && options.dataset && !['synthetic-streets', 'mseg'].includes(options.dataset))
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
      ...optional('workers', options.workers),
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

const resumable =
  <O extends { readonly journal?: string }>(body: (context: Context, options: O) => Promise<number>) =>
  (context: Context, options: O) =>
    untilInterrupted(context, goOn(options.journal), () => body(context, options));

/** `gss dataset inspect|verify|prepare|prune|list`. */
export const datasetCommand = () =>
  new Command('dataset')
    .description('look into a data set, check it, write it in a faster form')
    .addCommand(
      withData(
        command('inspect', 'count pictures, ids and classes of a split and name what is wrong', resumable(inspect)),
      )
        .addOption(splitOption())
        .option('--sheet <file>', 'write an overview picture (.png or .jpg)')
        .addOption(journalOption())
        .addOption(workersOption()),
    )
    .addCommand(
      withData(command('verify', 'inspect all splits and look for pictures that are in two of them', resumable(verify)))
        .option('--splits <names>', 'only these, separated by commas')
        .addOption(journalOption())
        .addOption(workersOption()),
    )
    .addCommand(prepareCommand())
    .addCommand(pruneCommand())
    .addCommand(command('list', 'the data sets that are known by name, with their places and terms', list));
