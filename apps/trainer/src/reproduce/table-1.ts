import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type PosteriorVariantName, posteriorVariants } from '@gss/posterior';
import type { Context } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import { configsFolder } from '../config/folder.js';
import { loadConfig } from '../config/load.js';
import type { GssConfig } from '../config/schema.js';
import type { OpenedData } from '../data/sources.js';
import { evaluateTokenizer } from '../stages/oracle.js';
import { posteriorPlan } from '../stages/posterior/plan.js';
import { trainPosterior } from '../stages/posterior/posterior.js';
import { trainTokenizer } from '../stages/tokenizer.js';
import { openAnyTokenizer } from '../stages/tokenizers/open.js';
import { stepsInSeconds } from './budget.js';
import { addSeconds, type Cell, type Figures, type GridOptions, type GridRow, runGrid, secondsOf } from './grid.js';

/** A row of the paper's Table 1: reconstruction by variant of latent posterior learning. */
export interface Table1Row extends GridRow {
  readonly name: PosteriorVariantName;
}

const designs: { readonly [V in PosteriorVariantName]: string } = {
  'ff-r': 'GSS-FF-R: random palette',
  ff: 'GSS-FF: palette of maximal distance',
  ft: 'GSS-FT: + 𝒳⁻¹ of three convolutions',
  tf: 'GSS-TF: palette by gradient, γ by least squares',
  tt: 'GSS-TT: palette and convolutions by gradient',
  'ft-w': 'GSS-FT-W: 𝒳⁻¹ of Swin blocks',
};

const notes: { readonly [V in PosteriorVariantName]?: string } = {
  tf: "β starts from FF's palette; cross entropy of x̂γ. The bound that appendix A minimises (posterior.objective=bound) lets colours meet: at γ = (βᵀβ)⁻¹βᵀ its second term has no gradient.",
  'ft-w':
    'trained on decoded true tokens of which a share is disturbed, since this table trains no prior (gss train posterior --model does).',
};

export const table1: readonly Table1Row[] = (Object.keys(designs) as PosteriorVariantName[]).map((name) => ({
  name,
  design: designs[name],
  paper: posteriorVariants[name].published,
  ...(notes[name] ? { note: notes[name] } : {}),
}));

export interface TableData {
  readonly train: OpenedData;
  readonly evaluated: OpenedData;
}

export interface TableOptions extends GridOptions {
  /** Steps of every trained row; default what its config says. */
  readonly steps?: number | undefined;
  /** Training time of all rows together: each trained one gets its share. */
  readonly minutes?: number | undefined;
  /** Overrides of every row's config. */
  readonly set?: readonly string[] | undefined;
  /** A tokenizer for any palette; without it one is trained for each seed. */
  readonly tokenizer?: string | undefined;
}

/** A row's config with its seed and the table's overrides. */
export const rowConfig = (file: string, seed: number, set: readonly string[] = []): GssConfig =>
  loadConfig(join(configsFolder(), file), [`seed=${seed}`, ...set]);

/** The tokenizer of a seed: the one that was named, or one trained in OUT/tokenizer/seed-N. Undefined when interrupted. */
export async function tokenizerOf(
  seed: number,
  { train }: TableData,
  options: TableOptions,
  context: Context,
): Promise<string | undefined> {
  if (options.tokenizer !== undefined) {
    const opened = await openAnyTokenizer(options.tokenizer, train.classes);
    const { training } = opened.config as { training?: { recolour?: boolean; anyPalette?: boolean } };
    const { tokenizer } = opened.config;
    if (tokenizer.type === 'compact' && !training?.recolour && !training?.anyPalette)
      throw new UsageError(
        `--tokenizer ${options.tokenizer} was made for one palette: this table compares palettes. Train one with configs/tokenizer-any.json.`,
      );
    return options.tokenizer;
  }
  const only = (options.set ?? []).filter((text) => text.startsWith('tokenizer.'));
  const config = rowConfig('table-1/tokenizer.json', seed, only);
  const dir = join(options.out, 'tokenizer', `seed-${seed}`);
  return sharedTokenizer(config, dir, train, context);
}

/** The tokenizer in a folder that all rows of a seed share: trained, or gone on with, by the first of them. Undefined when interrupted. */
export async function sharedTokenizer(
  config: GssConfig,
  dir: string,
  train: OpenedData,
  context: Context,
): Promise<string | undefined> {
  const folder = join(dir, 'tokenizer', 'model');
  if (existsSync(join(folder, 'config.json'))) return folder; // written last: the folder is whole
  context.out.note(`— tokenizer of seed ${config.seed}`);
  const result = await trainTokenizer({ config, train, dir, resume: true, ...context });
  await addSeconds(dir, result.seconds);
  return result.folder;
}

/** Reconstruction through a folder; with `linear` by least squares instead of what the folder says. */
async function reconstruction(folder: string, { evaluated }: TableData, context: Context, linear = false) {
  const opened = await openAnyTokenizer(folder, evaluated.classes);
  const config = linear ? { ...opened.config, inverse: 'linear' as const } : opened.config;
  const { evaluation } = await evaluateTokenizer({ ...opened, config }, evaluated, context);
  return evaluation;
}

const trained = (name: PosteriorVariantName) => posteriorVariants[name].training !== undefined;

async function runRow(
  { row, seed, dir }: Cell<Table1Row>,
  data: TableData,
  options: TableOptions,
  context: Context,
): Promise<Figures | undefined> {
  const tokenizer = await tokenizerOf(seed, data, options, context);
  if (tokenizer === undefined) return undefined;
  const asked = rowConfig(`table-1/${row.name}.json`, seed, options.set);
  const plan = posteriorPlan(asked);
  const stage = { train: data.train, tokenizer, resume: true, ...context };
  const withSteps = (steps: number): GssConfig => ({
    ...asked,
    posterior: { ...asked.posterior!, steps, warmup: Math.min(plan.warmup, Math.floor(steps / 8)) },
  });
  const share =
    ((options.minutes ?? 0) * 60) /
    Math.max(1, table1.filter(({ name }) => trained(name) && (options.rows?.includes(name) ?? true)).length);
  const steps = !plan.steps
    ? 0
    : (options.steps ??
      (options.minutes === undefined
        ? plan.steps
        : await stepsInSeconds(share, plan.steps, dir, async (count, at) => {
            const quiet = { ...context.out, progress: () => ({ update() {}, stop() {} }) };
            const trial = { ...stage, config: withSteps(count), dir: at, out: quiet, resume: false };
            return (await trainPosterior(trial)).seconds;
          })));
  if (context.signal.aborted) return undefined;
  const config = steps ? withSteps(steps) : asked;
  const result = await trainPosterior({ ...stage, config, dir });
  const seconds = trained(row.name) ? await addSeconds(dir, result.seconds) : secondsOf(dir);
  if (!result.folder) return undefined;
  const { mIoU, mAcc, aAcc } = await reconstruction(result.folder, data, context);
  const free = posteriorVariants[row.name].inverse === 'free';
  const linear = free ? (await reconstruction(result.folder, data, context, true)).mIoU : null;
  return { mIoU, mAcc, aAcc, linear, steps, seconds };
}

/** Table 1: every variant around one tokenizer for any palette, judged by the masks that come back through it. */
export const runTable1 = (data: TableData, options: TableOptions, context: Context) =>
  runGrid(
    table1,
    options,
    {
      settings: ({ row, seed }) => ({
        config: rowConfig(`table-1/${row.name}.json`, seed, options.set),
        steps: options.steps ?? null,
        minutes: options.minutes ?? null,
        tokenizer: options.tokenizer ?? null,
        train: data.train.source,
        evaluated: data.evaluated.source,
      }),
      run: (cell) => runRow(cell, data, options, context),
    },
    context,
  );
