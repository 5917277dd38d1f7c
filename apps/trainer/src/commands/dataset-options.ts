import { InvalidArgumentError, Option } from 'commander';
import { type Context, interrupted } from '../cli/command.js';
import type { Output } from '../cli/output.js';

/** A progress bar of the length that the first call brings. */
export function progress(out: Output, title: string) {
  let bar: ReturnType<Output['progress']> | undefined;
  return {
    onProgress: (done: number, total: number) => {
      bar ??= out.progress(title, total);
      bar.update(done);
    },
    stop: () => bar?.stop(),
  };
}

/** An integer of `low` or more. */
export const integer = (low: number) => (value: string) => {
  const n = Number(value);
  if (!Number.isInteger(n) || n < low) throw new InvalidArgumentError(`Expected an integer ≥ ${low}.`);
  return n;
};

export const splitOption = () => new Option('--split <name>', 'which split').default('train');
export const journalOption = () =>
  new Option('--journal <file>', 'note each picture here and skip those noted: an interrupted run goes on');
export const workersOption = () =>
  new Option('--workers <n>', 'threads that read pictures (default: one a core; the result is the same)').argParser(
    integer(1),
  );

/** { key: value }, or nothing for undefined. */
export const optional = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };

/** Runs a body; Ctrl-C ends it with one line that says how to go on, and the status that shells have for it. */
export async function untilInterrupted(
  { out, signal }: Context,
  hint: string,
  body: () => Promise<number | undefined>,
): Promise<number | undefined> {
  try {
    return await body();
  } catch (error) {
    if (!signal.aborted) throw error;
    out.note(`Stopped. ${hint}`);
    return interrupted;
  }
}
