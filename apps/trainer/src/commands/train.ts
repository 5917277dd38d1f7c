import { join } from 'node:path';
import type { NodeBackend } from '@gss/tensor/node';
import { Command } from 'commander';
import { type Context, command, interrupted } from '../cli/command.js';
import { loadConfig } from '../config/load.js';
import { saveResolved } from '../config/save.js';
import type { GssConfig } from '../config/schema.js';
import type { TrainingData } from '../data/training-data.js';
import { trainAll } from '../stages/all.js';
import { trainPrior } from '../stages/prior.js';
import type { StageResult } from '../stages/stage.js';
import { trainTokenizer } from '../stages/tokenizer.js';
import { openTraining, type TrainingOptions } from './open-training.js';
import { backendOption, startBackend, withData } from './options.js';
import { posteriorCommand } from './train-posterior.js';

interface Options extends TrainingOptions {
  readonly config: string;
  readonly set?: string[];
  readonly out: string;
  readonly resume?: boolean;
  readonly tokenizer?: string;
  readonly tokenCache?: string;
  readonly backend?: NodeBackend;
}

async function run(
  context: Context,
  options: Options,
  stage: (config: GssConfig, data: TrainingData) => Promise<StageResult>,
) {
  const config = loadConfig(options.config, options.set);
  const data = await openTraining(options, config, context);
  await startBackend(context.out, options.backend);
  await saveResolved(options.out, config);
  const result = await stage(config, data);
  if (!result.finished) {
    context.out.note('Saved. Go on with the same command and --resume.');
    return interrupted;
  }
  context.out.line(`${result.folder} (${result.seconds.toFixed(0)} s)`);
  context.out.result({ model: result.folder, seconds: result.seconds });
  return undefined;
}

const common = (made: Command) =>
  withData(made)
    .requiredOption('--config <file>', 'experiment: one of configs/*.json, your own, or the name of a preset')
    .option('--set <key=value...>', 'override a value of the config, e.g. --set prior.steps=200')
    .requiredOption('--out <dir>', 'folder of the run')
    .option('--resume', 'go on from the newest checkpoint of the run')
    .addOption(backendOption());

const tokenizerCommand = () =>
  common(
    command('tokenizer', 'stage I: learn to code the maskiges of the labels as tokens', (context, options: Options) =>
      run(context, options, (config, data) =>
        trainTokenizer({ config, ...data, dir: options.out, resume: Boolean(options.resume), ...context }),
      ),
    ),
  ).option('--classes <file>', 'a classes.json instead of data, for tokenizer.masks=procedural');

const priorCommand = () =>
  common(
    command('prior', 'stage II: learn to predict the tokens from images', (context, options: Options) =>
      run(context, options, (config, data) => {
        const tokenizer = options.tokenizer ?? join(options.out, 'tokenizer', 'model');
        const { tokenCache } = options;
        const resume = Boolean(options.resume);
        return trainPrior({ config, ...data, dir: options.out, tokenizer, tokenCache, resume, ...context });
      }),
    ),
  )
    .option('--tokenizer <dir>', 'tokenizer folder (default: the one of stage I in --out)')
    .option('--token-cache <dir>', 'keep the tokens of fixed crops here and reuse them (see prior.cropStride)');

const allCommand = () =>
  common(
    command('all', 'every stage of the config, from labels to a model folder (default)', (context, options: Options) =>
      run(context, options, (config, data) => {
        const { tokenCache, tokenizer } = options;
        return trainAll({
          config,
          ...data,
          dir: options.out,
          tokenCache,
          tokenizer,
          resume: Boolean(options.resume),
          ...context,
        });
      }),
    ),
  )
    .option(
      '--tokenizer <dir>',
      'tokenizer folder that there is, in place of stage I: the published dVAE, another run’s',
    )
    .option('--token-cache <dir>', 'keep the tokens of fixed crops here and reuse them (see prior.cropStride)');

/** `gss train [all]`, `gss train tokenizer|posterior|prior` */
export const trainCommand = () =>
  new Command('train')
    .description('train all stages of a config, or one of them')
    .addCommand(allCommand(), { isDefault: true })
    .addCommand(tokenizerCommand())
    .addCommand(posteriorCommand())
    .addCommand(priorCommand());
