import { createMaskigeCodec, openTokenizer } from '@gss/segmenter';
import { loadSegmenterFolder, loadTokenizerFolder } from '@gss/segmenter/node';
import { disposeTree, type Tree } from '@gss/tensor';
import type { NodeBackend } from '@gss/tensor/node';
import { reconstruct } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { Option } from 'commander';
import { type Context, command } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import type { Output } from '../cli/output.js';
import { type DataOptions, openSplit, sameClasses } from '../data/sources.js';
import { contextTensor, maskigeTensor } from '../stages/batch.js';
import { type Evaluation, evaluateModel, evaluateWith } from '../stages/evaluate.js';
import { backendOption, startBackend, withData } from './options.js';

interface Options extends DataOptions {
  readonly model?: string;
  readonly split: string;
  readonly backend?: NodeBackend;
}

export function printEvaluation(out: Output, { mIoU, mAcc, aAcc, images, perClass }: Evaluation): void {
  const width = Math.max(...perClass.map(({ name }) => name.length), 5);
  const show = (value: number | null) => (value === null ? '–' : value.toFixed(2)).padStart(7);
  out.line(`${'class'.padEnd(width)}     IoU     Acc`);
  for (const { name, iou, acc } of perClass) out.line(`${name.padEnd(width)} ${show(iou)} ${show(acc)}`);
  out.line(`mIoU ${mIoU.toFixed(2)}  mAcc ${mAcc.toFixed(2)}  aAcc ${aAcc.toFixed(2)}  (${images} images)`);
}

/** mask → maskige → tokens → maskige → mask: how good a model could be at best with this tokenizer. */
export async function evaluateTokenizer(
  folder: string,
  data: Awaited<ReturnType<typeof openSplit>>,
  context: Context,
): Promise<Evaluation> {
  const { config, params } = await loadTokenizerFolder(folder);
  sameClasses(config.classes, data.classes, folder);
  const codec = createMaskigeCodec(config, config.tokenizer.input);
  const tokenizer = openTokenizer(config.tokenizer, params);
  try {
    return await evaluateWith(
      data.dataset,
      config.classes,
      async (i) => {
        const { image, labels, name } = await data.dataset.read(i);
        const { width, height } = labels;
        const batch = {
          labels: Uint8Array.from(labels.data),
          images: Uint8Array.from(image.data),
          names: [name],
          width,
          height,
        };
        const found = tf.tidy(() => {
          const context = tokenizer.needsContext ? contextTensor(batch) : undefined;
          return codec.classes(reconstruct(tokenizer, maskigeTensor(batch, codec, config.classes.length), context));
        });
        const prediction = Uint8Array.from(await found.data());
        found.dispose();
        return { prediction: { data: prediction }, truth: labels };
      },
      context,
    );
  } finally {
    codec.dispose();
    disposeTree(params as Tree<tf.Tensor>);
  }
}

const modelOptions = (description: string, mandatory: boolean) => (made: ReturnType<typeof command>) =>
  withData(made)
    .addOption(new Option('--model <dir>', description).makeOptionMandatory(mandatory))
    .option('--split <name>', 'split to evaluate on', 'val')
    .addOption(backendOption());

const tokenizerCommand = () =>
  modelOptions(
    'tokenizer or model folder',
    true,
  )(
    command(
      'tokenizer',
      'reconstruction through the tokenizer: the ceiling of a model that uses it',
      async (context, options: Options) => {
        const data = await openSplit(options, options.split);
        await startBackend(context.out, options.backend);
        const evaluation = await evaluateTokenizer(options.model!, data, context);
        printEvaluation(context.out, evaluation);
        context.out.result(evaluation);
        return undefined;
      },
    ),
  );

/** `gss evaluate --model DIR [--data DIR] [--split NAME]` and `gss evaluate tokenizer …` */
export const evaluateCommand = () =>
  modelOptions(
    'model folder (required)',
    false,
  )(
    command('evaluate', 'mIoU, mAcc and aAcc of a model on a split', async (context, options: Options) => {
      if (!options.model)
        throw new UsageError('evaluate: --model DIR is missing. Name a folder that gss train or gss quickstart wrote.');
      const data = await openSplit(options, options.split);
      await startBackend(context.out, options.backend);
      const segmenter = await loadSegmenterFolder(options.model);
      sameClasses(segmenter.config.classes, data.classes, options.model);
      const evaluation = await evaluateModel(segmenter, data.dataset, context);
      segmenter.dispose();
      printEvaluation(context.out, evaluation);
      context.out.result(evaluation);
      return undefined;
    }),
  )
    .enablePositionalOptions()
    .addCommand(tokenizerCommand());
