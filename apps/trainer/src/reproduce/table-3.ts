import { join } from 'node:path';
import { labelScale } from '@gss/segmenter';
import { loadSegmenterFolder } from '@gss/segmenter/node';
import type { Context } from '../cli/command.js';
import type { GssConfig } from '../config/schema.js';
import { evaluateModel } from '../stages/evaluate.js';
import { evaluateTokenizer } from '../stages/oracle.js';
import { trainPrior } from '../stages/prior.js';
import { openAnyTokenizer } from '../stages/tokenizers/open.js';
import { stepsInSeconds } from './budget.js';
import { addSeconds, type Cell, type Figures, type GridRow, runGrid } from './grid.js';
import { rowConfig, sharedTokenizer, type TableData, type TableOptions } from './table-1.js';

/** A row of the paper's Table 3: the ablation of latent prior learning. */
export interface Table3Row extends GridRow {
  readonly name: 'baseline' | 'auxiliary' | 'quarter' | 'aggregation';
  readonly paperAcc: number;
}

export const table3: readonly Table3Row[] = [
  { name: 'baseline', design: 'd = 1/8', paper: 40.64, paperAcc: 52.55 },
  { name: 'auxiliary', design: 'd = 1/8, unlabelled auxiliary', paper: 43.72, paperAcc: 56.08 },
  { name: 'quarter', design: 'd = 1/4, unlabelled auxiliary', paper: 43.98, paperAcc: 56.11 },
  { name: 'aggregation', design: 'd = 1/4, auxiliary, multi-level aggregation', paper: 46.29, paperAcc: 57.84 },
];

/** The row's config over another number of steps. */
const withSteps = (config: GssConfig, steps: number): GssConfig => ({
  ...config,
  prior: { ...config.prior, steps, warmup: Math.min(config.prior.warmup, Math.floor(steps / 8)) },
});

async function runRow(
  { row, seed, dir }: Cell<Table3Row>,
  { train, evaluated }: TableData,
  options: TableOptions,
  context: Context,
): Promise<Figures | undefined> {
  const asked = rowConfig(`table-3/${row.name}.json`, seed, options.set);
  const shared = join(options.out, 'tokenizer', `seed-${seed}`);
  const tokenizer = await sharedTokenizer(asked, shared, train, context);
  if (tokenizer === undefined) return undefined;
  const stage = { train, tokenizer, ...context };
  const rows = table3.filter(({ name }) => options.rows?.includes(name) ?? true).length;
  const quiet = { ...context.out, note: () => {}, progress: () => ({ update() {}, stop() {} }) };
  const steps =
    options.steps ??
    (options.minutes === undefined
      ? asked.prior.steps
      : await stepsInSeconds((options.minutes * 60) / rows, asked.prior.steps, dir, async (count, at) => {
          const trial = { ...stage, config: withSteps(asked, count), dir: at, out: quiet, resume: false };
          return (await trainPrior(trial)).seconds;
        }));
  if (context.signal.aborted) return undefined;
  const result = await trainPrior({ ...stage, config: withSteps(asked, steps), dir, resume: true });
  const seconds = await addSeconds(dir, result.seconds);
  if (!result.folder) return undefined;
  const segmenter = await loadSegmenterFolder(result.folder);
  const { mIoU, mAcc, aAcc } = await evaluateModel(segmenter, evaluated.dataset, context);
  const { tokenizer: coder, prior } = segmenter.config;
  segmenter.dispose();
  if (coder.type !== 'compact') throw new TypeError(`table-3: expected a compact tokenizer, got ${coder.type}.`);
  const scale = labelScale(coder.config, prior);
  const opened = await openAnyTokenizer(tokenizer, evaluated.classes);
  const ceiling = (await evaluateTokenizer(opened, evaluated, context, { scale })).evaluation.mIoU;
  return { mIoU, mAcc, aAcc, ceiling, steps, seconds };
}

/**
 * Table 3: the prior from the coarsest map alone at d = 1/8, then step by step what the paper adds. All rows have one tokenizer, as in
 * the paper: masks are shrunk for d = 1/8 where the paper enlarges them for d = 1/4.
 */
export const runTable3 = (data: TableData, options: TableOptions, context: Context) =>
  runGrid(
    table3,
    options,
    {
      settings: ({ row, seed }) => ({
        config: rowConfig(`table-3/${row.name}.json`, seed, options.set),
        steps: options.steps ?? null,
        minutes: options.minutes ?? null,
        train: data.train.source,
        evaluated: data.evaluated.source,
      }),
      run: (cell) => runRow(cell, data, options, context),
    },
    context,
  );
