import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadSegmenterFolder, type PredictedFile, predictFiles } from '@gss/segmenter/node';
import type { NodeBackend } from '@gss/tensor/node';
import { Option } from 'commander';
import { type Context, command, interrupted } from '../cli/command.js';
import { type AugmentationOptions, augmentation, withAugmentation } from './evaluate-augment.js';
import { defaultModel, findModel } from './model-shipped.js';
import { backendOption, positive, startBackend } from './options.js';
import { inputFiles, outputNames } from './predict-files.js';
import {
  checkOutputs,
  defaultOutputs,
  type OutputName,
  outputsHelp,
  parseOutputs,
  writeOutputs,
} from './predict-outputs.js';
import { type SamplingOptions, sampling, type WrittenSamples, withSampling, writeSamples } from './predict-samples.js';

interface Options extends SamplingOptions, AugmentationOptions {
  readonly model?: string;
  readonly out: string;
  readonly outputs?: readonly OutputName[];
  readonly batchSize?: number;
  readonly backend?: NodeBackend;
}

/** A finished picture. */
interface Done {
  readonly input: string;
  /** The index PNG, where it was written. */
  readonly labels?: string;
  readonly ms: number;
  readonly outputs: Partial<Record<OutputName, string>>;
  readonly samples?: WrittenSamples;
}

/** A bar over pictures, or over the windows and passes of a single one; a single whole picture needs none. */
function watch(out: Context['out'], files: readonly string[]) {
  const several = files.length > 1 ? out.progress('predict ', files.length) : undefined;
  let windows: ReturnType<Context['out']['progress']> | undefined;
  return {
    onProgress(done: number, total: number) {
      if (several || total === 1) return;
      windows ??= out.progress('windows ', total);
      windows.update(done);
      if (done === total) windows.stop();
    },
    picture: (done: number) => several?.update(done),
    stop: () => {
      several?.stop();
      windows?.stop();
    },
  };
}

async function run({ out, signal }: Context, given: string[], options: Options): Promise<number | undefined> {
  const files = inputFiles(given);
  const names = outputNames(files);
  const how = sampling(options);
  const augment = augmentation('predict', options);
  const folder = findModel('predict', options.model);
  await startBackend(out, options.backend);
  const segmenter = await loadSegmenterFolder(folder);
  const { config } = segmenter;
  const windows = augment !== undefined || config.inference.mode === 'slide';
  const outputs = checkOutputs(options.outputs ?? defaultOutputs, config, { windows });
  mkdirSync(options.out, { recursive: true });
  const done: Done[] = [];
  const bar = watch(out, files);

  const finish = async ({ file, image, prediction, ms: network }: PredictedFile) => {
    const path = (suffix: string) => join(options.out, `${names[done.length]}${suffix}`);
    const began = performance.now();
    const labels = await prediction.labels();
    const ms = Math.round(network + performance.now() - began);
    const written = await writeOutputs(outputs, { config, image, labels, prediction }, path);
    prediction.dispose();
    const samples = how && (await writeSamples(segmenter, image, path, { ...how, signal }));
    done.push({
      input: file,
      ...(written.labels ? { labels: written.labels } : {}),
      ms,
      outputs: written,
      ...(samples ? { samples } : {}),
    });
    bar.picture(done.length);
    // A line a picture would break the bar of a terminal.
    if (files.length > 1 && process.stderr.isTTY) return;
    out.line(`${file} → ${Object.values(written)[0]} (${ms} ms)`);
    if (samples)
      out.line(
        `  ${samples.files.length} samples agree on ${(100 * samples.agreement).toFixed(1)} %: ${samples.picture}`,
      );
  };

  try {
    const { onProgress } = bar;
    const predicted = predictFiles(segmenter, files, {
      signal,
      onProgress,
      ...(augment ? { augment } : {}),
      ...(options.batchSize ? { batchSize: options.batchSize } : {}),
    });
    for await (const one of predicted) await finish(one);
  } catch (error) {
    if (!signal.aborted) throw error;
    out.note(`Interrupted: ${done.length} of ${files.length} pictures are done.`);
    return interrupted;
  } finally {
    bar.stop();
    segmenter.dispose();
  }
  if (files.length > 1) out.line(`${files.length} pictures → ${options.out}`);
  out.result({ model: folder, files: done });
  return undefined;
}

/** `gss predict [--model DIR|NAME] --out DIR FILES…` */
export const predictCommand = () =>
  withSampling(
    withAugmentation(
      command('predict', 'segment pictures with a trained model', run)
        .argument('<files...>', 'pictures (JPEG, PNG, WebP), or folders of them')
        .option('--model <dir|name>', `model folder, or the name of a shipped model (default: ${defaultModel})`)
        .requiredOption('--out <dir>', 'folder for what is written')
        .addOption(
          new Option('--outputs <list>', `${outputsHelp} (default: ${defaultOutputs.join(',')})`).argParser(
            parseOutputs,
          ),
        )
        .addOption(
          new Option('--batch-size <n>', 'pictures that go through the network together (default 1)').argParser(
            positive,
          ),
        ),
    ),
  ).addOption(backendOption());
