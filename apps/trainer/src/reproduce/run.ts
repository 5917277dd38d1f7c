import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '@gss/checkpoint/node';
import { openTokenizer, tokenizerSpec } from '@gss/segmenter';
import { countParams } from '@gss/tensor';
import { DivergedError } from '@gss/train/node';
import type { Context } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import { configsFolder } from '../config/folder.js';
import { loadConfig, parseConfig } from '../config/load.js';
import { saveResolved } from '../config/save.js';
import type { GssConfig } from '../config/schema.js';
import type { OpenedData } from '../data/sources.js';
import { evaluateTokenizer } from '../stages/oracle.js';
import { trainTokenizer } from '../stages/tokenizer.js';
import { openAnyTokenizer } from '../stages/tokenizers/open.js';
import { stepsWithin, withSteps } from './budget.js';
import { type Table2Result, type Table2Row, type Table2RowName, table2 } from './table-2.js';

export interface Table2Options {
  /** Folder of the runs: one a row. */
  readonly out: string;
  /** Rows to train; default all. */
  readonly rows?: readonly Table2RowName[];
  /** Steps of every row; default what its config says. */
  readonly steps?: number;
  /** Training time of all rows together: each gets its share. */
  readonly minutes?: number;
  readonly seed?: number;
  /** Overrides of every row's config. */
  readonly set?: readonly string[];
  /** The dVAE's published weights, as gss convert writes them. */
  readonly dvae?: string;
}

/** The config with which a row was begun, if it was. */
function begun(dir: string): GssConfig | undefined {
  const path = join(dir, 'config.json');
  return existsSync(path) ? parseConfig(JSON.parse(readFileSync(path, 'utf8')), path) : undefined;
}

/** Refuses to mix two experiments in one folder. */
function sameAsBegun(dir: string, before: GssConfig | undefined, now: GssConfig): void {
  if (!before || JSON.stringify(before) === JSON.stringify(now)) return;
  const keys = Object.keys(now.tokenizer) as (keyof GssConfig['tokenizer'])[];
  const other = keys.filter((key) => JSON.stringify(before.tokenizer[key]) !== JSON.stringify(now.tokenizer[key]));
  const what = [...(before.seed === now.seed ? [] : ['seed']), ...other.map((key) => `tokenizer.${key}`)];
  throw new UsageError(
    `${dir}: this row was begun with other settings (${what.join(', ') || 'the config differs'}). Give the same options, or another --out.`,
  );
}

/** Seconds of training so far, over all sittings. */
const timeFile = (dir: string) => join(dir, 'seconds.json');
const secondsOf = (dir: string): number =>
  existsSync(timeFile(dir)) ? (JSON.parse(readFileSync(timeFile(dir), 'utf8')) as number) : 0;

export interface Table2Data {
  readonly train: OpenedData;
  readonly evaluated: OpenedData;
}

async function measure(where: string, scale: number, data: OpenedData, context: Context) {
  const opened = await openAnyTokenizer(where, data.classes);
  const { tokenizer } = opened.config;
  const parameters = countParams(tokenizerSpec(tokenizer));
  const { downsample, vocabulary } = openTokenizer(tokenizer, opened.params);
  const { evaluation } = await evaluateTokenizer(opened, data, context, { scale });
  const { mIoU, mAcc, aAcc } = evaluation;
  return { mIoU, mAcc, aAcc, parameters, downsample: downsample / scale, codes: vocabulary };
}

/** Trains or goes on with one row, then evaluates it; undefined when interrupted. */
async function trainRow(
  row: Table2Row & { readonly config: string },
  { train, evaluated }: Table2Data,
  options: Table2Options,
  context: Context,
): Promise<Table2Result['outcome'] | undefined> {
  const dir = join(options.out, row.name);
  const seed = options.seed === undefined ? [] : [`seed=${options.seed}`];
  const asked = loadConfig(join(configsFolder(), row.config), [...seed, ...(options.set ?? [])]);
  const before = begun(dir);
  const stage = { train, dir, resume: true, ...context };
  const rows = options.rows?.length ?? table2.filter(({ config }) => config).length;
  const budget = options.minutes === undefined ? undefined : (options.minutes * 60) / rows;
  const steps =
    options.steps ??
    (budget === undefined
      ? asked.tokenizer.steps
      : (before?.tokenizer.steps ?? (await stepsWithin(budget, { ...stage, config: asked }))));
  if (context.signal.aborted) return undefined;
  const config = steps === asked.tokenizer.steps ? asked : withSteps(asked, steps);
  sameAsBegun(dir, before, config);
  await saveResolved(dir, config);
  try {
    const result = await trainTokenizer({ ...stage, config });
    const seconds = secondsOf(dir) + result.seconds;
    await writeFileAtomic(timeFile(dir), `${seconds}\n`);
    if (!result.folder) return undefined;
    return { ...(await measure(result.folder, row.scale, evaluated, context)), training: { steps, seconds } };
  } catch (error) {
    if (error instanceof DivergedError) return { skipped: error.message };
    throw error;
  }
}

/** All rows in order, each in its own folder; `finished` is false when Ctrl-C ended it. */
export async function runTable2(
  data: Table2Data,
  options: Table2Options,
  context: Context,
): Promise<{ readonly results: readonly Table2Result[]; readonly finished: boolean }> {
  mkdirSync(options.out, { recursive: true });
  const results: Table2Result[] = [];
  for (const row of table2) {
    context.out.note(`— ${row.name}: ${row.design}${row.maskige ? ', with maskige' : ''}`);
    const skip = (reason: string) => results.push({ row, outcome: { skipped: reason } });
    if (options.rows && !options.rows.includes(row.name)) skip('--rows leaves it out.');
    else if (row.config === undefined) {
      if (options.dvae === undefined) {
        skip('it needs the published weights: gss convert encoder.pkl decoder.pkl dvae.safetensors, then --dvae FILE.');
      } else
        results.push({
          row,
          outcome: await measure(options.dvae, row.scale, data.evaluated, context),
        });
    } else {
      const outcome = await trainRow({ ...row, config: row.config }, data, options, context);
      if (!outcome) return { results, finished: false };
      results.push({ row, outcome });
    }
  }
  return { results, finished: true };
}
