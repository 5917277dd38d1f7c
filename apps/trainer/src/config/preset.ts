import { isDeepStrictEqual } from 'node:util';
import { priorVariants } from '@gss/prior';
import { backboneVariants, type GssModelConfig, type TokenizerConfig } from '@gss/segmenter';
import { type Preset, preset, presetNames } from '@gss/segmenter/presets';
import { compactVariants, dvaeVariants, uvimVariants } from '@gss/vqvae';

/** Whether a config is asked for by the name of a preset instead of a file. */
export const isPresetName = (name: string): boolean => presetNames().includes(name);

function nameIn(table: Readonly<Record<string, unknown>>, fits: (value: unknown) => boolean, what: string): string {
  const found = Object.entries(table).find(([, value]) => fits(value))?.[0];
  if (!found) throw new Error(`preset: ${what} is no variant that a config can name.`);
  return found;
}

const headName = ({ features: _, classes: __, vocabulary: ___, ...head }: GssModelConfig['prior']): string =>
  nameIn(priorVariants, (variant) => isDeepStrictEqual(variant, head), 'its head');

/** Stage I as it is here: published where the paper has it so, trained otherwise (`gss train --tokenizer` takes one that there is). */
function tokenizerOf({ type, config }: TokenizerConfig, { prior }: Preset): Record<string, unknown> {
  const { crop, batchSize, ratioRange } = prior;
  const stage = { crop, batchSize, ratioRange };
  const named = (table: Readonly<Record<string, unknown>>, same: (value: unknown) => boolean) => ({
    family: type,
    variant: nameIn(table, same, 'its tokenizer'),
  });
  switch (type) {
    case 'compact':
      return { ...named(compactVariants, (value) => isDeepStrictEqual(value, config)), ...stage, steps: 0, lr: 1e-3 };
    case 'dvae':
      return {
        ...named(dvaeVariants, (value) => isDeepStrictEqual(value, config)),
        ...stage,
        steps: 150_000,
        lr: 1e-4,
      };
    case 'uvim': {
      const { classes: _, ...rest } = config;
      const variant = (value: unknown) =>
        isDeepStrictEqual({ ...(value as object), classes: undefined }, { ...rest, classes: undefined });
      return { ...named(uvimVariants, variant), ...stage, steps: 160_000, lr: 4e-4 };
    }
    default:
      throw new Error(`preset: there is no recipe for a ${type} tokenizer.`);
  }
}

/**
 * The training of a preset as a config, before it is checked: the schedules behind the paper's tables, or ours. A GSS-FT-W preset trains
 * the prior of the GSS-FF preset that it takes it from, then its inverse.
 */
export function presetConfig(name: string): Record<string, unknown> {
  const row = preset(name);
  const ff = row.inverse ? preset(row.inverse.from) : row;
  const { model, prior } = ff;
  const { pretrained: _, ...schedule } = prior;
  const { scale: __, ...inference } = model.inference;
  const windows = row.model.ftw;
  return {
    name,
    description: row.title,
    tokenizer: tokenizerOf(model.tokenizer, ff),
    prior: {
      backbone: nameIn(backboneVariants, (variant) => isDeepStrictEqual(variant, model.backbone), 'its backbone'),
      head: headName(model.prior),
      ...schedule,
      inference: { ...(model.inference.scale && { scale: model.inference.scale }), ...inference },
    },
    ...(row.inverse && windows
      ? {
          posterior: {
            variant: 'ft-w',
            inverse: { depth: windows.depth },
            crop: prior.crop,
            scale: prior.scale,
            ratioRange: prior.ratioRange,
            catMaxRatio: prior.catMaxRatio,
            ...{ steps: row.inverse.steps, batchSize: row.inverse.batchSize, lr: row.inverse.lr },
            ...{ warmup: row.inverse.warmup, weightDecay: row.inverse.weightDecay },
          },
        }
      : {}),
  };
}
