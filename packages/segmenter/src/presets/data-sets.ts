import { syntheticStreetsClasses } from '@gss/datasets';
import { ade20kClasses, cityscapesClasses } from '@gss/datasets/catalog';
import { msegUniversalClasses } from '@gss/datasets/mseg';
import { maximalDistancePalette, type Rgb } from '@gss/maskige';
import { namedPalette } from '@gss/maskige/palettes';
import type { GssModelConfig, InferenceConfig } from '../config.js';
import type { PresetClass, PriorSchedule } from './preset.js';

export type PresetDataset = 'cityscapes' | 'ade20k' | 'mseg';

/** Classes and how they are painted. */
export type Painted = Pick<GssModelConfig, 'classes' | 'palette' | 'unlabelled'>;

const black: Rgb = [0, 0, 0];

/** The maskige palettes of the reference. */
const painted = (
  classes: readonly PresetClass[],
  name: `gss-${'cityscapes-19' | 'ade20k-150' | 'mseg-194'}`,
): Painted => {
  const { palette, ignoreColor = black } = namedPalette(name);
  return { classes, palette, unlabelled: ignoreColor };
};

/** Classes as the paper's data sets have them. */
export const paintedAs: { readonly [D in PresetDataset]: () => Painted } = {
  cityscapes: () => painted(cityscapesClasses, 'gss-cityscapes-19'),
  ade20k: () => painted(ade20kClasses, 'gss-ade20k-150'),
  mseg: () => painted(msegUniversalClasses, 'gss-mseg-194'),
};

/** Any classes, or as many as said, in colours that lie apart. */
export function paintedApart(classes: readonly PresetClass[] | number = syntheticStreetsClasses): Painted {
  const palette = maximalDistancePalette(typeof classes === 'number' ? classes : classes.length);
  const named = typeof classes === 'number' ? palette.map((color, i) => ({ name: `class ${i}`, color })) : classes;
  return { classes: named, palette, unlabelled: black };
}

/** What a data set decides of the paper's training. */
type DataSchedule = Pick<PriorSchedule, 'crop' | 'scale' | 'ratioRange' | 'catMaxRatio' | 'steps' | 'batchSize' | 'lr'>;
const pipeline = { ratioRange: [0.5, 2], catMaxRatio: 0.75 } as const;

export const schedules: { readonly [D in PresetDataset]: DataSchedule } = {
  cityscapes: { ...pipeline, crop: [768, 768], scale: [2049, 1025], steps: 80_000, batchSize: 16, lr: 1.5e-3 },
  ade20k: { ...pipeline, crop: [512, 512], scale: [2048, 512], steps: 160_000, batchSize: 32, lr: 1.2e-4 },
  mseg: { ...pipeline, crop: [512, 512], scale: [2048, 512], steps: 160_000, batchSize: 16, lr: 1.2e-4 },
};

const windows = { mode: 'slide', crop: [768, 768], stride: [512, 512] } as const;

/** As the configurations behind the tables segment images: their test pipelines' img_scale, ratio kept, and their test_cfg. */
export const inferences: { readonly [D in PresetDataset]: InferenceConfig } = {
  cityscapes: { scale: [2048, 1024], ...windows },
  ade20k: { scale: [2048, 512], mode: 'whole' },
  mseg: { scale: [2048, 512], ...windows },
};
