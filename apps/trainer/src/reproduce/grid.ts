import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '@gss/checkpoint/node';
import { DivergedError } from '@gss/train/node';
import type { Context } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';

/** A row of a table: a system with its figures in the paper. */
export interface GridRow {
  /** Its name on the command line and of its folder. */
  readonly name: string;
  readonly design: string;
  /** What the paper reports, percent. */
  readonly paper?: number;
  readonly note?: string;
}

/** Figures of one run, by name; null where there is none. */
export type Figures = Readonly<Record<string, number | null>>;

/** What became of a row: the figures of its runs, one a seed, or why there are none. */
export type Outcome =
  | { readonly runs: readonly { readonly seed: number; readonly figures: Figures }[] }
  | { readonly skipped: string };

export interface RowResult<R extends GridRow> {
  readonly row: R;
  readonly outcome: Outcome;
}

export interface GridOptions {
  /** Folder of the table: below it one a row, below that one a seed. */
  readonly out: string;
  /** Names of the rows to run; default all. */
  readonly rows?: readonly string[] | undefined;
  readonly seeds: readonly number[];
}

/** One run of a row. */
export interface Cell<R extends GridRow> {
  readonly row: R;
  readonly seed: number;
  /** Its folder. */
  readonly dir: string;
}

const read = <T>(path: string): T | undefined =>
  existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;

/** Refuses to mix two experiments in one folder. */
async function begin(dir: string, settings: string): Promise<void> {
  const path = join(dir, 'settings.json');
  const before = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (before === undefined) {
    mkdirSync(dir, { recursive: true });
    await writeFileAtomic(path, settings);
  } else if (before !== settings)
    throw new UsageError(
      `${dir}: this row was begun with other settings (settings.json there). Give the same options, or another --out.`,
    );
}

/** Seconds of training of a run so far, over all sittings. */
export function secondsOf(dir: string): number {
  return read<number>(join(dir, 'seconds.json')) ?? 0;
}

/** Adds a sitting's seconds; the sum. */
export async function addSeconds(dir: string, seconds: number): Promise<number> {
  const sum = secondsOf(dir) + seconds;
  await writeFileAtomic(join(dir, 'seconds.json'), `${sum}\n`);
  return sum;
}

/**
 * Runs every row with every seed, each in a folder of its own; rows that are done are read, not run again. `run` gives nothing
 * when it was interrupted, which ends the table with `finished: false`; a row that diverges is named with the reason.
 */
export async function runGrid<R extends GridRow>(
  rows: readonly R[],
  options: GridOptions,
  {
    settings,
    run,
  }: {
    /** All that a run's figures depend on. */
    readonly settings: (cell: Cell<R>) => object;
    readonly run: (cell: Cell<R>) => Promise<Figures | undefined>;
  },
  { out, signal }: Context,
): Promise<{ readonly results: readonly RowResult<R>[]; readonly finished: boolean }> {
  const results: RowResult<R>[] = [];
  for (const row of rows) {
    if (options.rows && !options.rows.includes(row.name)) {
      results.push({ row, outcome: { skipped: '--rows leaves it out.' } });
      continue;
    }
    const runs: { seed: number; figures: Figures }[] = [];
    let skipped: string | undefined;
    for (const seed of options.seeds) {
      if (skipped) break;
      if (signal.aborted) return { results, finished: false };
      const cell = { row, seed, dir: join(options.out, row.name, `seed-${seed}`) };
      await begin(cell.dir, `${JSON.stringify(settings(cell), null, 2)}\n`);
      const done = join(cell.dir, 'result.json');
      out.note(`— ${row.name}, seed ${seed}: ${row.design}`);
      try {
        const figures = read<Figures>(done) ?? (await run(cell));
        if (!figures) return { results, finished: false };
        await writeFileAtomic(done, `${JSON.stringify(figures, null, 2)}\n`);
        runs.push({ seed, figures });
      } catch (error) {
        if (!(error instanceof DivergedError)) throw error;
        skipped = error.message;
      }
    }
    results.push({ row, outcome: skipped ? { skipped } : { runs } });
  }
  return { results, finished: true };
}

/** Mean and sample standard deviation of a figure over the runs that have it; undefined where none does. */
export function summary(outcome: Outcome, key: string): { mean: number; deviation: number; runs: number } | undefined {
  if ('skipped' in outcome) return undefined;
  const values = outcome.runs.flatMap(({ figures }) => (typeof figures[key] === 'number' ? [figures[key]] : []));
  if (values.length === 0) return undefined;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0, runs: values.length };
}
