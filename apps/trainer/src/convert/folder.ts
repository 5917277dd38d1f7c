import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { writeFileAtomic, writeShardedSafetensors } from '@gss/checkpoint/node';
import { parseClasses } from '@gss/datasets/node';
import { maximalDistancePalette, type Palette, type Rgb } from '@gss/maskige';
import type { FtwConfig } from '@gss/posterior';
import type { PriorConfig } from '@gss/prior';
import {
  type BackboneConfig,
  type GssModelConfig,
  type GssTokenizerConfig,
  imageNetMean,
  imageNetStd,
  type MaskigeConfig,
  modelFiles,
  type TokenizerConfig,
  type TokenizerFamily,
  tokenizerFamilies,
} from '@gss/segmenter';
import { UsageError } from '../cli/errors.js';
import { choosePalette } from '../images/palettes.js';
import type { Conversion } from './convert.js';
import { renamed } from './family.js';
import type { Input } from './files.js';

/** Whether the output is to be a folder that the other commands load: it is one, or its name has no ending. */
export const isFolder = (output: string): boolean =>
  existsSync(output) ? statSync(output).isDirectory() : extname(output) === '' || /[\\/]$/.test(output);

export interface FolderOptions {
  /** classes.json of a data set: names and drawing colours. Default: what mmsegmentation kept in the checkpoint. */
  readonly classes?: string;
  /** β. Default for a tokenizer: colours as far apart as can be. */
  readonly palette?: string;
}

function classesOf(inputs: readonly Input[], file: string | undefined): MaskigeConfig['classes'] {
  if (file !== undefined) {
    if (!existsSync(file))
      throw new UsageError(`--classes ${file}: no such file. Name the classes.json of a data set.`);
    let json: unknown;
    try {
      json = JSON.parse(readFileSync(file, 'utf8'));
    } catch (error) {
      throw new UsageError(`--classes ${file}: not JSON (${(error as Error).message}).`);
    }
    return parseClasses(json, file).classes.map(({ name, color }) => ({ name, color }));
  }
  const { classes, palette } = inputs.find(({ meta }) => meta?.classes)?.meta ?? {};
  if (!classes)
    throw new UsageError(
      'a folder names the classes of its model, and no file told them. Add --classes classes.json, or write a .safetensors.',
    );
  const drawn = maximalDistancePalette(classes.length);
  const color = (i: number): Rgb => {
    const [r, g, b] = palette?.[i] ?? drawn[i]!;
    return [r ?? 0, g ?? 0, b ?? 0];
  };
  return classes.map((name, i) => ({ name, color: color(i) }));
}

function maskigeOf(inputs: readonly Input[], { classes: file, palette: text }: FolderOptions): MaskigeConfig {
  const classes = classesOf(inputs, file);
  const chosen: { palette: Palette; ignoreColor?: Rgb } =
    text === undefined ? { palette: maximalDistancePalette(classes.length) } : choosePalette(text);
  if (chosen.palette.length !== classes.length)
    throw new UsageError(
      `--palette ${text}: ${chosen.palette.length} colours for ${classes.length} classes. Take one with a colour a class.`,
    );
  return { classes, palette: chosen.palette, unlabelled: chosen.ignoreColor ?? [0, 0, 0] };
}

const isTokenizer = (name: string): name is TokenizerFamily => (tokenizerFamilies as readonly string[]).includes(name);

/** A tokenizer reads maskiges when it has three channels, else a channel a class. */
const tokenizerOf = (type: TokenizerFamily, config: unknown): TokenizerConfig => {
  const { channels, classes } = config as { channels?: number; classes?: number };
  const input = (channels ?? classes) === 3 ? {} : { input: 'one-hot' };
  return { type, config, ...input } as TokenizerConfig;
};

interface GssSizes {
  readonly backbone: { readonly type: string; readonly config: unknown };
  readonly prior: PriorConfig;
  readonly ftw?: FtwConfig;
  readonly tokenizer?: { readonly type: TokenizerFamily; readonly config: unknown };
}

function modelConfig(sizes: GssSizes, maskige: MaskigeConfig, common: { name: string; training: object }) {
  const { backbone, prior, ftw, tokenizer } = sizes;
  if (!tokenizer)
    throw new UsageError('a model folder needs a tokenizer, and the file has none. Write a .safetensors.');
  if (prior.classes && prior.classes !== maskige.classes.length)
    throw new UsageError(
      `${maskige.classes.length} classes are named, the model has ${prior.classes}. Take the classes.json that it was trained on.`,
    );
  const config: GssModelConfig = {
    format: 'gss-model',
    version: 1,
    kind: 'generative',
    ...common,
    training: { ...common.training },
    ...maskige,
    mean: imageNetMean,
    std: imageNetStd,
    backbone: backbone as BackboneConfig,
    prior: { ...prior, classes: maskige.classes.length },
    tokenizer: tokenizerOf(tokenizer.type, tokenizer.config),
    ...(ftw ? { ftw: { ...ftw, classes: maskige.classes.length } } : {}),
    decoding: 'argmax',
    inference: { mode: 'whole' },
  };
  return config;
}

/** The config.json that a folder of this model needs. @throws UsageError where the other commands could not load it. */
export function folderConfig(
  folder: string,
  inputs: readonly Input[],
  { merged, described, target }: Conversion,
  options: FolderOptions,
): GssModelConfig | GssTokenizerConfig {
  const family = merged.detected?.family.name ?? 'unknown';
  if (target?.name !== 'gss' || !described || (family !== 'gss' && !isTokenizer(family)))
    throw new UsageError(
      `${folder}: folders hold whole GSS models and tokenizers under our names, not ${merged.detected?.family.title ?? 'names that nobody knows'}${target?.name === 'gss' ? '' : ' under other names'}. Write a .safetensors or .pth.`,
    );
  const common = {
    name: basename(folder),
    training: { convertedFrom: inputs.map(({ path }) => basename(path)) },
  };
  if (family === 'gss' && options.palette === undefined)
    throw new UsageError(
      'which colours was it trained with? Name them by --palette, e.g. --palette gss-cityscapes-19.',
    );
  const maskige = maskigeOf(inputs, options);
  if (family === 'gss') return modelConfig(described.config as GssSizes, maskige, common);
  const tokenizer = tokenizerOf(family as TokenizerFamily, described.config);
  return { format: 'gss-tokenizer', version: 1, ...common, ...maskige, tokenizer };
}

/** Writes weights, then config.json, each whole or not at all: a folder with a config.json is whole. */
export async function writeFolder(
  folder: string,
  { weights }: Conversion,
  config: GssModelConfig | GssTokenizerConfig,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const named = config.format === 'gss-tokenizer' ? renamed(weights, (name) => `tokenizer.${name}`) : weights;
  await writeShardedSafetensors(folder, named, { metadata: { format: 'gss' } });
  await writeFileAtomic(join(folder, modelFiles.config), `${JSON.stringify(config, null, 2)}\n`);
}
