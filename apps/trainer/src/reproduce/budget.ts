import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
 * `more` steps longer, give the cost of a step. At most what the config asks for.
 */
export async function stepsWithin(seconds: number, context: StageContext, more = 8): Promise<number> {
  if (context.config.tokenizer.steps <= fewest) return context.config.tokenizer.steps;
  const time = async (steps: number) => {
    const dir = mkdtempSync(join(tmpdir(), 'gss-calibrate-'));
    try {
      const quiet = { ...context.out, progress: () => ({ update() {}, stop() {} }) };
      const config = withSteps(context.config, steps);
      return (await trainTokenizer({ ...context, dir, config, out: quiet, resume: false })).seconds;
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  };
  const [short, long] = [await time(4), await time(4 + more)];
  const perStep = Math.max(1e-3, (long - short) / more);
  return Math.min(context.config.tokenizer.steps, Math.max(fewest, Math.floor(seconds / perStep)));
}
