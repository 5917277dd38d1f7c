import { mkdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { decodeImage } from '@gss/datasets/node';
import type { RgbImage } from '@gss/maskige';
import type { SampleOptions, Segmenter } from '@gss/segmenter';
import { loadSegmenterFolder } from '@gss/segmenter/node';
import type { NodeBackend } from '@gss/tensor/node';
import { InvalidArgumentError, Option } from 'commander';
import { command, interrupted } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import { draw, heat, indexPng, overlay, rgbJpeg, rgbPng, writeAll } from '../images/write.js';
import { backendOption, positive, startBackend } from './options.js';

interface Options {
  readonly model: string;
  readonly out: string;
  readonly backend?: NodeBackend;
  readonly samples?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly seed?: number;
}

const number =
  (what: string, fits: (value: number) => boolean) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && fits(value)) return value;
    throw new InvalidArgumentError(`expected ${what}, got ${text}.`);
  };

/** What --samples asks for; the options that shape the draws mean nothing without it. */
function sampling({ samples, temperature, topK, seed }: Options): SampleOptions | undefined {
  if (samples !== undefined)
    return {
      count: samples,
      ...(temperature === undefined ? {} : { temperature }),
      ...(topK === undefined ? {} : { topK }),
      ...(seed === undefined ? {} : { seed }),
    };
  const lone = Object.entries({ temperature, 'top-k': topK, seed }).find(([, value]) => value !== undefined);
  if (lone) throw new UsageError(`predict: --${lone[0]} belongs to --samples N. Add it, or leave --${lone[0]} out.`);
  return undefined;
}

/** Draws masks of a picture, writes NAME.sample-1.png, … and NAME.agreement.png, and says how far they agree. */
async function writeSamples(
  segmenter: Segmenter,
  image: RgbImage,
  path: (suffix: string) => string,
  how: SampleOptions,
) {
  const samples = await segmenter.sample(image, how);
  try {
    const files: string[] = [];
    for (let i = 0; i < samples.count; i++) {
      const file = path(`.sample-${i + 1}.png`);
      await writeAll({
        [file]: indexPng(await samples.labels(i)),
        [path(`.sample-${i + 1}.maskige.png`)]: await rgbPng(await samples.maskige(i)),
      });
      files.push(file);
    }
    const share = await samples.agreement();
    await writeAll({ [path('.agreement.png')]: await rgbPng(heat(share, samples.width, samples.height)) });
    const agreement = share.reduce((sum, value) => sum + value, 0) / share.length;
    return { files, picture: path('.agreement.png'), agreement };
  } finally {
    samples.dispose();
  }
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
      const how = sampling(options);
      await startBackend(out, options.backend);
      const segmenter = await loadSegmenterFolder(options.model);
      mkdirSync(options.out, { recursive: true });
      const colours = segmenter.config.classes.map(({ color }) => color);
      const done: {
        input: string;
        labels: string;
        ms: number;
        samples?: Awaited<ReturnType<typeof writeSamples>>;
      }[] = [];
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
        const samples = how && (await writeSamples(segmenter, image, path, { ...how, signal }));
        if (samples)
          out.line(
            `  ${samples.files.length} samples agree on ${(100 * samples.agreement).toFixed(1)} %: ${samples.picture}`,
          );
        done.push({ input, labels: path('.png'), ms, ...(samples ? { samples } : {}) });
      }
      segmenter.dispose();
      out.result({ files: done });
      return undefined;
    },
  )
    .argument('<files...>', 'pictures (JPEG, PNG, WebP)')
    .requiredOption('--model <dir>', 'model folder')
    .requiredOption('--out <dir>', 'folder for NAME.png (class ids), NAME.maskige.png and NAME.overlay.jpg')
    .addOption(
      new Option(
        '--samples <n>',
        'draw n masks besides: NAME.sample-I.png, their maskiges, NAME.agreement.png',
      ).argParser(positive),
    )
    .addOption(
      new Option(
        '--temperature <t>',
        'of the draws: 1 the prior itself (default), 0 its most probable tokens',
      ).argParser(number('a number of 0 or more', (value) => value >= 0 && value < Number.POSITIVE_INFINITY)),
    )
    .addOption(new Option('--top-k <k>', 'draw among the k most probable tokens').argParser(positive))
    .addOption(
      new Option('--seed <s>', 'the same seed draws the same masks (default 0)').argParser(
        number('a whole number', Number.isSafeInteger),
      ),
    )
    .addOption(backendOption());
