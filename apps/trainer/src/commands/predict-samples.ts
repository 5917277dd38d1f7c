import type { RgbImage } from '@gss/maskige';
import type { SampleOptions, Segmenter } from '@gss/segmenter';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../cli/errors.js';
import { heat, indexPng, rgbPng, writeAll } from '../images/write.js';
import { positive } from './options.js';

/** Options of `predict` that draw masks from the prior. */
export interface SamplingOptions {
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
export function sampling({ samples, temperature, topK, seed }: SamplingOptions): SampleOptions | undefined {
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

/** What was drawn of one picture. */
export interface WrittenSamples {
  readonly files: readonly string[];
  readonly picture: string;
  /** Mean share of the samples that agree on a pixel. */
  readonly agreement: number;
}

/** Draws masks of a picture, writes NAME.sample-1.png, … and NAME.agreement.png, and says how far they agree. */
export async function writeSamples(
  segmenter: Segmenter,
  image: RgbImage,
  path: (suffix: string) => string,
  how: SampleOptions,
): Promise<WrittenSamples> {
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

/** The options themselves. */
export const withSampling = (command: Command): Command =>
  command
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
    );
