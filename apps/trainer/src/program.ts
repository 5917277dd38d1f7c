import { Command } from 'commander';
import { convertCommand } from './commands/convert.js';
import { datasetCommand } from './commands/dataset.js';
import { doctorCommand } from './commands/doctor.js';
import { evaluateCommand } from './commands/evaluate.js';
import { maskigeCommand } from './commands/maskige.js';
import { modelCommand } from './commands/model.js';
import { nativeCommand } from './commands/native.js';
import { paletteCommand } from './commands/palette.js';
import { predictCommand } from './commands/predict.js';
import { quickstartCommand } from './commands/quickstart.js';
import { reproduceCommand } from './commands/reproduce.js';
import { trainCommand } from './commands/train.js';
import { watchCommand } from './commands/watch.js';
import { weightsCommand } from './commands/weights.js';

/** The whole command line. Every command takes --json; errors go to stderr and exit with 1. */
export function buildProgram(): Command {
  return new Command('gss')
    .description('Generative semantic segmentation: train, evaluate, predict')
    .showHelpAfterError('(gss --help lists the commands)')
    .showSuggestionAfterError()
    .enablePositionalOptions() // an option belongs to the command it follows: `evaluate` and `evaluate tokenizer` share names
    .addCommand(quickstartCommand())
    .addCommand(trainCommand())
    .addCommand(watchCommand())
    .addCommand(evaluateCommand())
    .addCommand(reproduceCommand())
    .addCommand(predictCommand())
    .addCommand(datasetCommand())
    .addCommand(maskigeCommand())
    .addCommand(paletteCommand())
    .addCommand(convertCommand())
    .addCommand(modelCommand())
    .addCommand(nativeCommand())
    .addCommand(weightsCommand())
    .addCommand(doctorCommand());
}
