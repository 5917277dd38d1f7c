import { type NodeBackend, nodeBackends, selectBackend } from '@gss/tensor/node';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Output } from '../cli/output.js';

/** --backend, on every command that computes. */
export const backendOption = () =>
  new Option(
    '--backend <name>',
    'take this backend or fail (default: the fastest that works; also GSS_BACKEND)',
  ).choices([...nodeBackends]);

/** --data and --dataset, on every command that reads a data set. */
export const withData = (command: Command): Command =>
  command
    .option('--data <dir>', 'folder with images/SPLIT, labels/SPLIT and classes.json')
    .option('--dataset <name>', 'a data set by name (default: synthetic-streets, rendered here)')
    .option('--root <dir>', 'where the data set of --dataset lies, in its published layout')
    .option(
      '--source <json>',
      'any other source, a file or inline, such as {"kind":"tree",…}; {split} stands for the split',
    )
    .option('--include <glob...>', 'take only samples whose names fit, such as seq01_* or /^seq0[12]/')
    .option('--exclude <glob...>', 'leave out samples whose names fit')
    .option('--palette-png', 'take the indices of palette PNGs as label ids')
    .option('--labels <kind>', 'which of its labels to take, e.g. labelTrainIds (default: as published)');

/** Starts a backend and says once which, and what would be faster. */
export async function startBackend(out: Output, backend?: NodeBackend) {
  const choice = await selectBackend({ backend });
  out.note(`backend: ${choice.backend} — ${choice.device}`);
  for (const line of choice.advice) out.note(`         ${line}`);
  return choice;
}

/** Parses a positive whole number of an option. */
export function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`expected a whole number above 0, got ${text}.`);
}
