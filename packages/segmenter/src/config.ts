import type { PriorConfig } from '@gss/prior';
import { type BackboneConfig, backboneChannels, backboneFamilies } from './backbones.js';
import type { InverseConfig } from './inverse.js';
import { type StorageType, storageTypes } from './storage.js';
import { type TokenizerConfig, tokenizerChannels, tokenizerFamilies } from './tokenizers.js';

type Rgb = readonly [number, number, number];

/** Classes, how they are painted, and how a painting is read. */
export interface MaskigeConfig extends InverseConfig {
  /** Names and drawing colours, in class order. */
  readonly classes: readonly { readonly name: string; readonly color: Rgb }[];
  /** β, K × 3: one colour a class, 0..255. */
  readonly palette: readonly Rgb[];
  /** Colour of unlabelled pixels. */
  readonly unlabelled: Rgb;
}

/** How an image of any size is segmented. */
export type InferenceConfig = {
  /**
   * Long and short side that the image is brought to fit into, its ratio kept, before the network sees it (mmsegmentation's img_scale);
   * results come back at the image's size. Default its own size.
   */
  readonly scale?: readonly [long: number, short: number];
} & (
  | { readonly mode: 'whole' }
  | { readonly mode: 'slide'; readonly crop: readonly [number, number]; readonly stride: readonly [number, number] }
);

/** config.json of a model folder: everything but the numbers. */
export interface GssModelConfig extends MaskigeConfig {
  readonly format: 'gss-model';
  readonly version: 1;
  readonly name: string;
  /** `generative`: tokens → maskige → mask. `discriminative`: the twin, classes straight from the pixel head. */
  readonly kind: 'generative' | 'discriminative';
  /** Pixel values 0..255 become (value − mean) / std, per channel. */
  readonly mean: Rgb;
  readonly std: Rgb;
  readonly backbone: BackboneConfig;
  readonly prior: PriorConfig;
  readonly tokenizer: TokenizerConfig;
  /**
   * `argmax` decodes the most probable tokens (the paper); `expected` the expected codebook entry; `marginal` sums p(c|z) p(z|x) over all
   * codes, for tokenizers that draw a square from one token alone.
   */
  readonly decoding: 'argmax' | 'expected' | 'marginal';
  readonly inference: InferenceConfig;
  /** How the weights beside it are stored (f32 where absent); in memory all are float32. */
  readonly storage?: StorageType;
  /** Where it comes from, for people. */
  readonly training?: Readonly<Record<string, unknown>>;
}

/** config.json of a tokenizer folder. */
export interface GssTokenizerConfig extends MaskigeConfig {
  readonly format: 'gss-tokenizer';
  readonly version: 1;
  readonly name: string;
  readonly tokenizer: TokenizerConfig;
  /** How the weights beside it are stored (f32 where absent); in memory all are float32. */
  readonly storage?: StorageType;
  readonly training?: Readonly<Record<string, unknown>>;
}

/** Mean and standard deviation of ImageNet, per channel in RGB order, as the reference normalises. */
export const imageNetMean: Rgb = [123.675, 116.28, 103.53];
export const imageNetStd: Rgb = [58.395, 57.12, 57.375];

/** A model folder whose config.json cannot be used. */
export class ModelConfigError extends Error {
  override readonly name = 'ModelConfigError';
}

const required = {
  'gss-model': [
    'classes',
    'palette',
    'unlabelled',
    'kind',
    'mean',
    'std',
    'backbone',
    'prior',
    'tokenizer',
    'decoding',
    'inference',
  ],
  'gss-tokenizer': ['classes', 'palette', 'unlabelled', 'tokenizer'],
} as const;

function parse<F extends keyof typeof required>(
  text: string,
  label: string,
  formats: readonly F[],
): Record<string, unknown> & { format: F } {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new ModelConfigError(
      `${label}: not JSON (${(error as Error).message}). It should be the config.json of a model folder.`,
    );
  }
  const format = value?.format as F;
  if (!formats.includes(format)) {
    throw new ModelConfigError(
      `${label}: expected "format" ${formats.join(' or ')}, got ${JSON.stringify(format)}. Name a folder that gss train wrote.`,
    );
  }
  if (value.version !== 1)
    throw new ModelConfigError(
      `${label}: format version ${JSON.stringify(value.version)} is not known (1 is). Update @gss/segmenter.`,
    );
  if (value.storage !== undefined && !storageTypes.includes(value.storage as StorageType))
    throw new ModelConfigError(
      `${label}: expected storage ${storageTypes.join(', ')}, got ${JSON.stringify(value.storage)}. Update @gss/segmenter, or pack the model again.`,
    );
  const missing = required[format].filter((key) => value[key] === undefined);
  if (missing.length)
    throw new ModelConfigError(
      `${label}: lacks ${missing.join(', ')}. The file was cut or edited; train or copy the model again.`,
    );
  const classes = (value.classes as unknown[]).length;
  const colours = (value.palette as unknown[]).length;
  if (classes !== colours) throw new ModelConfigError(`${label}: ${classes} classes but ${colours} palette colours.`);
  checkTokenizer(value.tokenizer as TokenizerConfig, classes, label);
  checkInverse(value as unknown as GssTokenizerConfig, label);
  if (format === 'gss-model') checkNetwork(value as unknown as GssModelConfig, label);
  return value as Record<string, unknown> & { format: F };
}

/** Refuses tokenizers of no known family, and those that were made for another number of classes. */
function checkTokenizer(tokenizer: TokenizerConfig, classes: number, label: string): void {
  const { type, config, input = 'maskige' } = tokenizer;
  if (!tokenizerFamilies.includes(type) || typeof config !== 'object' || config === null) {
    throw new ModelConfigError(
      `${label}: expected a tokenizer of type ${tokenizerFamilies.join(', ')} with its config, got ${JSON.stringify(type)}. Update @gss/segmenter, or train the tokenizer again.`,
    );
  }
  if (input !== 'maskige' && input !== 'one-hot') {
    throw new ModelConfigError(
      `${label}: expected tokenizer.input maskige or one-hot, got ${JSON.stringify(input)}. The file was edited; copy it again.`,
    );
  }
  const channels = tokenizerChannels(tokenizer);
  const expected = input === 'maskige' ? 3 : classes;
  if (channels !== expected) {
    throw new ModelConfigError(
      `${label}: a ${type} tokenizer of ${input} images with ${classes} classes reads ${expected} channels, its config says ${channels}. Take the config that belongs to these weights.`,
    );
  }
}

/** Refuses inverses of no known kind, for other classes, or on a tokenizer that writes no colours. */
function checkInverse({ inverse, ft, ftw, classes, tokenizer }: GssTokenizerConfig, label: string): void {
  if (inverse !== undefined && inverse !== 'nearest' && inverse !== 'linear')
    throw new ModelConfigError(
      `${label}: expected inverse nearest or linear, got ${JSON.stringify(inverse)}. Update @gss/segmenter.`,
    );
  if (tokenizer.input === 'one-hot' && (ft || ftw || inverse === 'linear'))
    throw new ModelConfigError(
      `${label}: an inverse of colours, but this tokenizer writes one channel a class. Take the config that belongs to these weights.`,
    );
  const made = (ftw ?? ft)?.classes ?? classes.length;
  if (made !== classes.length)
    throw new ModelConfigError(
      `${label}: ${classes.length} classes, but its inverse was made for ${made}. Take the config that belongs to these weights.`,
    );
}

/** Refuses backbones of no known family, and heads that were made for another backbone or number of classes. */
function checkNetwork({ backbone, prior, classes, kind, inference }: GssModelConfig, label: string): void {
  const { scale } = inference;
  if (scale !== undefined && !(scale.length === 2 && scale.every((side) => Number.isInteger(side) && side > 0)))
    throw new ModelConfigError(
      `${label}: expected inference.scale as two whole numbers above 0, the long and the short side, got ${JSON.stringify(scale)}. The file was edited; copy it again.`,
    );
  if (!backboneFamilies.includes(backbone.type) || !Array.isArray(backbone.config?.channels)) {
    throw new ModelConfigError(
      `${label}: expected a backbone of type ${backboneFamilies.join(', ')} with its config, got ${JSON.stringify(backbone.type)}. Update @gss/segmenter, or copy the model again.`,
    );
  }
  const channels = backboneChannels(backbone);
  if (channels.join() !== prior.features?.join()) {
    throw new ModelConfigError(
      `${label}: the ${backbone.type} gives maps of ${channels.join(', ')} channels, the head reads ${prior.features?.join(', ')}. Take the config that belongs to these weights.`,
    );
  }
  if (prior.auxiliary !== 'none' && prior.classes !== classes.length) {
    throw new ModelConfigError(
      `${label}: ${classes.length} classes, but the head was made for ${prior.classes}. Take the config that belongs to these weights.`,
    );
  }
  if (kind === 'discriminative' && prior.auxiliary === 'none') {
    throw new ModelConfigError(
      `${label}: a discriminative model answers with its pixel head, but prior.auxiliary is none. Take the config that belongs to these weights.`,
    );
  }
}

/** Checks the text of a config.json; `label` names it in errors. */
export function parseModelConfig(text: string, label: string): GssModelConfig {
  return parse(text, label, ['gss-model']) as unknown as GssModelConfig;
}

/** The same for a tokenizer folder; a model folder holds a tokenizer too and is taken as well. */
export function parseTokenizerConfig(text: string, label: string): GssTokenizerConfig | GssModelConfig {
  return parse(text, label, ['gss-tokenizer', 'gss-model']) as unknown as GssTokenizerConfig | GssModelConfig;
}
