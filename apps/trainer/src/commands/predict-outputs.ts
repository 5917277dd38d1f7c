import type { LabelMap, RgbImage } from '@gss/maskige';
import type { GssModelConfig, Prediction } from '@gss/segmenter';
import { InvalidArgumentError } from 'commander';
import { UsageError } from '../cli/errors.js';
import { nearest } from '../config/nearest.js';
import { palettePng } from '../images/palette-png.js';
import { draw, heat, indexPng, overlay, rgbJpeg, rgbPng, writeAll } from '../images/write.js';

/** What an output is made of. */
interface Subject {
  readonly config: GssModelConfig;
  readonly image: RgbImage;
  readonly labels: LabelMap;
  readonly prediction: Prediction;
}

interface OutputKind {
  readonly suffix: string;
  readonly what: string;
  make(subject: Subject): Promise<Uint8Array> | Uint8Array;
}

const coloursOf = ({ config }: Subject) => config.classes.map(({ color }) => color);

const kinds = {
  labels: { suffix: '.png', what: 'class ids, grey PNG', make: ({ labels }) => indexPng(labels) },
  palette: {
    suffix: '.palette.png',
    what: 'class ids, PNG with the class colours as its palette',
    make: (subject) => palettePng(subject.labels, coloursOf(subject)),
  },
  colour: {
    suffix: '.colour.png',
    what: 'class colours, RGB PNG',
    make: (subject) => rgbPng(draw(subject.labels, coloursOf(subject))),
  },
  maskige: {
    suffix: '.maskige.png',
    what: 'the maskige',
    make: async ({ prediction }) => rgbPng(await prediction.maskige()),
  },
  overlay: {
    suffix: '.overlay.jpg',
    what: 'picture and class colours mixed',
    make: (subject) => rgbJpeg(overlay(subject.image, draw(subject.labels, coloursOf(subject)))),
  },
  confidence: {
    suffix: '.confidence.png',
    what: 'certainty of the prior, dark to light',
    make: async ({ prediction }) => rgbPng(heat(await prediction.confidence(), prediction.width, prediction.height)),
  },
  tokens: {
    suffix: '.tokens.json',
    what: 'the token map',
    async make({ prediction, config }) {
      const { data, width, height } = await prediction.tokens();
      const map = { width, height, vocabulary: config.prior.vocabulary, tokens: [...data] };
      return new TextEncoder().encode(`${JSON.stringify(map)}\n`);
    },
  },
} as const satisfies Record<string, OutputKind>;
export type OutputName = keyof typeof kinds;

const names = Object.keys(kinds) as OutputName[];

/** What is written where nothing is said. */
export const defaultOutputs: readonly OutputName[] = ['labels', 'maskige', 'overlay'];

/** One line for the help. */
export const outputsHelp = `what to write, with commas between, or all: ${names
  .map((name) => `${name} (NAME${kinds[name].suffix}: ${kinds[name].what})`)
  .join(', ')}`;

/** Parses "labels,overlay". */
export function parseOutputs(text: string): readonly OutputName[] {
  if (text === 'all') return names;
  return text.split(',').map((part) => {
    const name = part.trim();
    if (name in kinds) return name as OutputName;
    const guess = nearest(name, names);
    throw new InvalidArgumentError(
      `no output ${JSON.stringify(name)}${guess ? `; did you mean ${guess}?` : '.'} There are ${names.join(', ')} and all.`,
    );
  });
}

/** Leaves out of `all`, and refuses by name, what a model or a way of segmenting does not give. */
export function checkOutputs(
  outputs: readonly OutputName[],
  { kind, classes, name }: GssModelConfig,
  { windows }: { readonly windows: boolean },
): readonly OutputName[] {
  const lacking = new Map<OutputName, string>();
  if (kind === 'discriminative') lacking.set('tokens', `${name} is discriminative and has none`);
  else if (windows)
    lacking.set('tokens', 'windows, scales and mirror images have tokens of their own, which do not join');
  if (classes.length > 256)
    lacking.set('palette', `a PNG palette has 256 colours, ${name} has ${classes.length} classes`);
  if (outputs === names) return outputs.filter((output) => !lacking.has(output));
  for (const output of outputs) {
    const why = lacking.get(output);
    if (why) throw new UsageError(`predict: --outputs ${output}: ${why}. Leave it out.`);
  }
  return outputs;
}

/** Writes outputs of one picture; → their files. */
export async function writeOutputs(
  outputs: readonly OutputName[],
  subject: Subject,
  path: (suffix: string) => string,
): Promise<Partial<Record<OutputName, string>>> {
  const files: Partial<Record<OutputName, string>> = {};
  for (const name of outputs) {
    const file = path(kinds[name].suffix);
    await writeAll({ [file]: await (kinds[name] as OutputKind).make(subject) });
    files[name] = file;
  }
  return files;
}
