import { loadSegmenterFolder } from '@gss/segmenter/node';
import type { NodeBackend } from '@gss/tensor/node';
import { Option } from 'commander';
import { type Context, command } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import type { Output } from '../cli/output.js';
import { type DataOptions, openSplit, sameClasses } from '../data/sources.js';
import { choosePalette, paletteHelp } from '../images/palettes.js';
import { writeWorst } from '../report/worst.js';
import { type Evaluation, evaluateModel } from '../stages/evaluate.js';
import { evaluateTokenizer } from '../stages/oracle.js';
import { instantTokenizer } from '../stages/tokenizers/instant.js';
import { openAnyTokenizer } from '../stages/tokenizers/open.js';
import { type AugmentationOptions, augmentation, withAugmentation } from './evaluate-augment.js';
import { findModel } from './model-shipped.js';
import { backendOption, positive, startBackend, withData } from './options.js';

interface Options extends DataOptions {
  readonly model?: string;
  readonly split: string;
  readonly backend?: NodeBackend;
}

interface ModelOptions extends Options, AugmentationOptions {
  readonly boundary?: boolean;
}

export function printEvaluation(out: Output, { mIoU, mAcc, aAcc, boundaryIoU, images, perClass }: Evaluation): void {
  const width = Math.max(...perClass.map(({ name }) => name.length), 5);
  const show = (value: number | null) => (value === null ? '–' : value.toFixed(2)).padStart(7);
  const edges = boundaryIoU !== undefined;
  out.line(`${'class'.padEnd(width)}     IoU     Acc${edges ? '   bdIoU' : ''}`);
  for (const { name, iou, acc, boundaryIoU: edge = null } of perClass)
    out.line(`${name.padEnd(width)} ${show(iou)} ${show(acc)}${edges ? ` ${show(edge)}` : ''}`);
  const boundary = edges ? `  boundary IoU ${boundaryIoU.toFixed(2)}` : '';
  out.line(`mIoU ${mIoU.toFixed(2)}  mAcc ${mAcc.toFixed(2)}  aAcc ${aAcc.toFixed(2)}${boundary}  (${images} images)`);
}

const modelOptions = (description: string) => (made: ReturnType<typeof command>) =>
  withData(made)
    .addOption(new Option('--model <dir>', description))
    .option('--split <name>', 'split to evaluate on', 'val')
    .addOption(backendOption());

interface OracleCommandOptions extends Options {
  readonly worst?: number;
  readonly pictures?: string;
  readonly palette?: string;
  readonly scale?: number;
}

/** --worst and --pictures go together; either implies a default of the other that can be told. */
function worstCount({ worst, pictures }: OracleCommandOptions): number {
  if (worst !== undefined && pictures === undefined)
    throw new UsageError(`--worst ${worst}: say with --pictures DIR where to put their pictures.`);
  return pictures === undefined ? 0 : (worst ?? 8);
}

async function oracle(context: Context, options: OracleCommandOptions): Promise<undefined> {
  const count = worstCount(options);
  const data = await openSplit(options, options.split);
  await startBackend(context.out, options.backend);
  const palette = options.palette === undefined ? undefined : choosePalette(options.palette).palette;
  if (palette && options.model === undefined)
    throw new UsageError('--palette is for bare weights: name them with --model.');
  const tokenizer =
    options.model === undefined
      ? await instantTokenizer(await openSplit(options, 'train'), context)
      : await openAnyTokenizer(options.model, data.classes, palette);
  if (palette && tokenizer.config.palette !== palette)
    throw new UsageError(`--palette: ${options.model} was trained with its own palette. Leave the option out.`);
  const { evaluation, worst } = await evaluateTokenizer(tokenizer, data, context, {
    worst: count,
    scale: options.scale ?? 1,
  });
  printEvaluation(context.out, evaluation);
  if (options.pictures === undefined) {
    context.out.result(evaluation);
    return undefined;
  }
  const colours = tokenizer.config.classes.map(({ color }) => color);
  const files = await writeWorst(options.pictures, worst, colours);
  for (const [i, { name, mIoU, aAcc }] of worst.entries())
    context.out.line(`${files[i]}  ${name}: mIoU ${mIoU.toFixed(2)}, aAcc ${aAcc.toFixed(2)}`);
  const listed = worst.map(({ name, mIoU, aAcc }, i) => ({ name, mIoU, aAcc, picture: files[i] }));
  context.out.result({ ...evaluation, worst: listed, sheet: files.at(-1) });
  return undefined;
}

const tokenizerCommand = () =>
  modelOptions(
    "tokenizer or model folder, or the dVAE's weights as gss convert writes them; without it a compact tokenizer is made of the train split's masks, in seconds",
  )(command('tokenizer', 'reconstruction through the tokenizer: the ceiling of a model that uses it', oracle))
    .option('--pictures <dir>', 'write the worst images there: truth, maskige, reconstruction, errors')
    .addOption(new Option('--worst <n>', 'how many of them (default 8)').argParser(positive))
    .addOption(
      new Option('--scale <n>', 'enlarge masks before they are coded: 2 for d = 1/4 of an 8-fold tokenizer').argParser(
        positive,
      ),
    )
    .option('--palette <palette>', `colours for bare weights, which know no classes: ${paletteHelp}`);

async function evaluate(context: Context, options: ModelOptions): Promise<undefined> {
  if (!options.model)
    throw new UsageError(
      'evaluate: --model is missing. Name a folder that gss train or gss quickstart wrote, or a shipped model.',
    );
  const augment = augmentation('evaluate', options);
  const folder = findModel('evaluate', options.model);
  const data = await openSplit(options, options.split);
  await startBackend(context.out, options.backend);
  const segmenter = await loadSegmenterFolder(folder);
  sameClasses(segmenter.config.classes, data.classes, options.model);
  const evaluation = await evaluateModel(
    segmenter,
    data.dataset,
    { ...context, boundary: options.boundary ?? false },
    augment,
  );
  segmenter.dispose();
  printEvaluation(context.out, evaluation);
  context.out.result(evaluation);
  return undefined;
}

/** `gss evaluate --model DIR|NAME [--data DIR] [--split NAME]` and `gss evaluate tokenizer …` */
export const evaluateCommand = () =>
  withAugmentation(
    modelOptions('model folder, or the name of a shipped model (required)')(
      command('evaluate', 'mIoU, mAcc and aAcc of a model on a split', evaluate),
    ),
  )
    .option('--boundary', 'Boundary IoU (Cheng et al., CVPR 2021) too')
    .enablePositionalOptions()
    .addCommand(tokenizerCommand());
