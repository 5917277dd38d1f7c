import { Command } from 'commander';
import { doctorCommand } from './commands/doctor.js';

/** The whole command line. Every command takes --json; errors go to stderr and exit with 1. */
export function buildProgram(): Command {
  const program = new Command('gss')
    .description('Generative semantic segmentation: train, evaluate, predict')
    .showHelpAfterError('(gss --help lists the commands)')
    .showSuggestionAfterError();
  program.addCommand(doctorCommand());
  return program;
}
