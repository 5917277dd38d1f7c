import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '@gss/checkpoint/node';
import type { GssConfig } from '../config/schema.js';
import type { StageContext } from '../stages/stage.js';
import { trainTokenizer } from '../stages/tokenizer.js';

/** The same experiment over another number of steps: what counts in steps keeps its share of the run. */
export function withSteps(config: GssConfig, steps: number): GssConfig {
  const { tokenizer } = config;
  const share = steps / tokenizer.steps;
  const scaled = (value: number) => Math.max(1, Math.round(value * share));
  const common = { steps, warmup: Math.min(tokenizer.warmup, Math.floor(steps / 8)) };
  if (tokenizer.family !== 'vqgan' || !tokenizer.discriminator) {
    return { ...config, tokenizer: { ...tokenizer, ...common } };
  }
  const discriminator = { ...tokenizer.discriminator, start: scaled(tokenizer.discriminator.start) };
  return { ...config, tokenizer: { ...tokenizer, ...common, discriminator } };
}

/** Fewest steps that a budget is turned into: below that nothing is learned that could be compared. */
const fewest = 20;

/**
 * Steps that fit into `seconds` of training on this machine: two short runs in a temporary folder, of which the second is
 * `more` steps longer, give the cost of a step. At most `most`, at least 20. With `dir` the answer is kept there in steps.json, so that an
 * interrupted run goes on with the same.
 */
export async function stepsInSeconds(
  seconds: number,
  most: number,
  dir: string | undefined,
  run: (steps: number, dir: string) => Promise<number>,
  more = 8,
): Promise<number> {
  if (most <= fewest) return most;
  const kept = dir && join(dir, 'steps.json');
  if (kept && existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8')) as number;
  const time = async (steps: number) => {
    const at = mkdtempSync(join(tmpdir(), 'gss-calibrate-'));
    try {
      return await run(steps, at);
    } finally {
      rmSync(at, { recursive: true, force: true });
    }
  };
  const [short, long] = [await time(4), await time(4 + more)];
  const perStep = Math.max(1e-3, (long - short) / more);
  const steps = Math.min(most, Math.max(fewest, Math.floor(seconds / perStep)));
  if (kept) await writeFileAtomic(kept, `${steps}\n`);
  return steps;
}

/** `stepsInSeconds` of a tokenizer's training. */
export function stepsWithin(seconds: number, context: StageContext, more = 8): Promise<number> {
  const quiet = { ...context.out, progress: () => ({ update() {}, stop() {} }) };
  const run = async (steps: number, dir: string) =>
    (await trainTokenizer({ ...context, dir, config: withSteps(context.config, steps), out: quiet, resume: false }))
      .seconds;
  return stepsInSeconds(seconds, context.config.tokenizer.steps, undefined, run, more);
}
