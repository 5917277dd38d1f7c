import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type PosteriorVariantName, posteriorVariants } from '@gss/posterior';
import type { NodeBackend } from '@gss/tensor/node';
import { Option } from 'commander';
import { type Context, command, interrupted } from '../cli/command.js';
import { configsFolder } from '../config/folder.js';
import { loadConfig } from '../config/load.js';
import { saveResolved } from '../config/save.js';
import type { DataOptions } from '../data/sources.js';
import { trainPosterior } from '../stages/posterior/posterior.js';
import { openTraining } from './open-training.js';
import { backendOption, startBackend, withData } from './options.js';

interface Options extends DataOptions {
  readonly variant?: PosteriorVariantName;
  readonly config?: string;
  readonly set?: string[];
  readonly out: string;
  readonly resume?: boolean;
  readonly tokenizer?: string;
  readonly model?: string;
  readonly backend?: NodeBackend;
}

async function run(context: Context, options: Options): Promise<number | undefined> {
  const { out, variant, model } = options;
  const named = variant === undefined ? [] : [`posterior.variant=${variant}`];
  const file = options.config ?? join(configsFolder(), 'posterior.json');
  const config = loadConfig(file, [...(options.set ?? []), ...named]);
  const { train } = await openTraining(options, config, context);
  await startBackend(context.out, options.backend);
  // Beside another stage's config.json in the same folder.
  await saveResolved(join(out, 'posterior'), config);
  const beside = join(out, 'tokenizer', 'model');
  const tokenizer = options.tokenizer ?? (model === undefined || existsSync(beside) ? beside : undefined);
  const stage = { config, train, dir: out, resume: Boolean(options.resume), ...context };
  const result = await trainPosterior({ ...stage, tokenizer, model });
  if (!result.finished) {
    context.out.note('Saved. Go on with the same command and --resume.');
    return interrupted;
  }
  context.out.line(`${result.folder} (${result.seconds.toFixed(0)} s)`);
  context.out.result({ model: result.folder, seconds: result.seconds });
  return undefined;
}

/** `gss train posterior --variant ff-r|ff|ft|tf|tt|ft-w` */
export const posteriorCommand = () =>
  withData(command('posterior', 'stage I: the palette X and its inverse around a tokenizer that stays as it is', run))
    .addOption(
      new Option('--variant <name>', "GSS-FF-R … GSS-FT-W (default: the config's posterior.variant)").choices(
        Object.keys(posteriorVariants),
      ),
    )
    .option('--config <file>', 'experiment with a section "posterior" (default: configs/posterior.json)')
    .option('--set <key=value...>', 'override a value of the config, e.g. --set posterior.steps=200')
    .option('--tokenizer <dir>', 'tokenizer folder (default: the one of stage I in --out)')
    .option(
      '--model <dir>',
      'ft, ft-w: train on the tokens that this model predicts: a model folder, or a checkpoint file of its stage II',
    )
    .requiredOption('--out <dir>', 'folder of the run; it writes DIR/posterior/model')
    .option('--resume', 'go on from the newest checkpoint of the run')
    .addOption(backendOption());
