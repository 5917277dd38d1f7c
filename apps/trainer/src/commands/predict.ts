import { mkdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { decodeImage } from '@gss/datasets/node';
import { loadSegmenterFolder } from '@gss/segmenter/node';
import type { NodeBackend } from '@gss/tensor/node';
import { command, interrupted } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import { draw, indexPng, overlay, rgbJpeg, rgbPng, writeAll } from '../images/write.js';
import { backendOption, startBackend } from './options.js';

interface Options {
  readonly model: string;
  readonly out: string;
  readonly backend?: NodeBackend;
}

/** Output names must differ: a.jpg and a.png would both become a.png. */
function outputNames(files: readonly string[]): string[] {
  const names = files.map((file) => basename(file, extname(file)));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice)
    throw new UsageError(
      `predict: two inputs are called ${twice}; their outputs would overwrite each other. Predict them into two folders.`,
    );
  return names;
}

/** `gss predict --model DIR --out DIR FILES…` */
export const predictCommand = () =>
  command(
    'predict',
    'segment pictures with a trained model',
    async ({ out, signal }, files: string[], options: Options) => {
      const names = outputNames(files);
      await startBackend(out, options.backend);
      const segmenter = await loadSegmenterFolder(options.model);
      mkdirSync(options.out, { recursive: true });
      const colours = segmenter.config.classes.map(({ color }) => color);
      const done: { input: string; labels: string; ms: number }[] = [];
      for (const [i, input] of files.entries()) {
        if (signal.aborted) {
          out.note(`Interrupted: ${done.length} of ${files.length} pictures are done.`);
          return interrupted;
        }
        const image = await decodeImage(readFileSync(input), input);
        const began = performance.now();
        const prediction = await segmenter.predict(image, { signal });
        const labels = await prediction.labels();
        const ms = Math.round(performance.now() - began);
        const maskige = await prediction.maskige();
        prediction.dispose();
        const path = (suffix: string) => join(options.out, `${names[i]}${suffix}`);
        await writeAll({
          [path('.maskige.png')]: await rgbPng(maskige),
          [path('.overlay.jpg')]: await rgbJpeg(overlay(image, draw(labels, colours))),
          [path('.png')]: indexPng(labels),
        });
        out.line(`${input} → ${path('.png')} (${ms} ms)`);
        done.push({ input, labels: path('.png'), ms });
      }
      segmenter.dispose();
      out.result({ files: done });
      return undefined;
    },
  )
    .argument('<files...>', 'pictures (JPEG, PNG, WebP)')
    .requiredOption('--model <dir>', 'model folder')
    .requiredOption('--out <dir>', 'folder for NAME.png (class ids), NAME.maskige.png and NAME.overlay.jpg')
    .addOption(backendOption());
