import { maximalDistancePalette, type Palette } from '@gss/maskige';
import {
  additiveFactorPalette,
  arithmeticPalette,
  misalignedPalette,
  randomPalette,
  refinedPalette,
} from '@gss/maskige/design';
import type { GssTokenizerConfig, TokenizerParams } from '@gss/segmenter';
import { disposeTree, type Tree } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../../cli/errors.js';
import type { PaletteDesign } from '../../config/posterior.js';
import type { OpenedData } from '../../data/sources.js';
import { sameClasses } from '../../data/sources.js';
import type { StageContext } from '../stage.js';
import { openAnyTokenizer } from '../tokenizers/open.js';
import type { PosteriorPlan } from './plan.js';

/** A tokenizer and the colours that it is to code, without a learned inverse. */
export interface Painted {
  readonly config: GssTokenizerConfig;
  readonly params: TokenizerParams;
}

/** K colours without training; the seed is for those that draw. */
export const designs: { readonly [D in PaletteDesign]: (K: number, seed: number) => Palette } = {
  'maximal-distance': (K) => maximalDistancePalette(K),
  random: (K, seed) => randomPalette(K, { seed }),
  arithmetic: (K) => arithmeticPalette(K),
  misaligned: (K) => misalignedPalette(K),
  additive: (K, seed) => additiveFactorPalette(K, { seed }),
  refined: (K, seed) => refinedPalette(K, { seed }),
};

function paletteOf({ palette }: Pick<PosteriorPlan, 'palette'>, K: number, seed: number, folder: Palette): Palette {
  if (palette === 'folder') return folder;
  if (!Array.isArray(palette)) return designs[palette as PaletteDesign](K, seed);
  if (palette.length === K) return palette as Palette;
  throw new UsageError(`posterior.palette has ${palette.length} colours but the data ${K} classes.`);
}

const same = (a: Palette, b: Palette) => JSON.stringify(a) === JSON.stringify(b);

/**
 * Opens a tokenizer for the data's classes in the plan's colours. Tokenizers that were made for one palette are told of: their
 * codes hold other colours badly.
 */
export async function openPainted(
  where: string,
  train: OpenedData,
  plan: Pick<PosteriorPlan, 'palette'>,
  { config: { name, seed }, out }: Pick<StageContext, 'config' | 'out'>,
): Promise<Painted> {
  const opened = await openAnyTokenizer(where, train.classes);
  if (opened.inverse) disposeTree(opened.inverse as Tree<tf.Tensor>);
  const { classes, palette: own, unlabelled, tokenizer, training } = opened.config as GssTokenizerConfig;
  sameClasses(classes, train.classes, where);
  const palette = paletteOf(plan, classes.length, seed, own);
  const any = Boolean(training?.recolour) || (training as { anyPalette?: boolean } | undefined)?.anyPalette;
  if (!any && tokenizer.type === 'compact' && !same(palette, own))
    out.note(
      `note: ${where} was made for another palette; its codes hold these colours badly. A tokenizer for any palette: configs/tokenizer-any.json.`,
    );
  const { recolour: _, posterior: __, ...rest } = (training ?? {}) as Record<string, unknown>;
  return {
    config: {
      format: 'gss-tokenizer',
      version: 1,
      name,
      classes: classes.map(({ name, color }) => ({ name, color })),
      palette,
      unlabelled,
      tokenizer,
      training: { ...rest, ...(any ? { anyPalette: true } : {}) },
    },
    params: opened.params,
  };
}
