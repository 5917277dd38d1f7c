import { ftwPaper } from '@gss/posterior';
import { backboneChannels } from '../backbones.js';
import type { GssModelConfig } from '../config.js';
import { twinHead } from '../twin.js';
import { type Painted, paintedApart, paintedAs } from './data-sets.js';
import { nearestNames } from './nearest-names.js';
import { paperRecipes } from './paper.js';
import type { Preset, PresetClass, PresetRecipe } from './preset.js';
import { smallRecipes } from './small.js';
import { table3Recipes } from './table-3.js';
import { uvimRecipes } from './uvim.js';

export interface PresetOptions {
  /** Other classes, or how many: their maskige colours then lie as far apart as possible. Default the data set's. */
  readonly classes?: readonly PresetClass[] | number;
  /** `discriminative`: the twin, with a pixel classifier behind the same backbone and aggregation. Default generative. */
  readonly kind?: GssModelConfig['kind'];
}

const recipes = (): ReadonlyMap<string, () => PresetRecipe> =>
  new Map([...smallRecipes, ...table3Recipes, ...paperRecipes, ...uvimRecipes]);

/** Names of all presets: sizes of ours, then the rows of the paper's Tables 3 to 6. */
export const presetNames = (): readonly string[] => [...recipes().keys()];

/**
 * A model and its training by name.
 *
 * @throws RangeError for a name that there is not, with those nearest to it; for fewer than two classes.
 */
export function preset(name: string, { classes, kind = 'generative' }: PresetOptions = {}): Preset {
  const found = recipes().get(name);
  if (!found) {
    throw new RangeError(
      `preset: no preset ${JSON.stringify(name)}. Did you mean ${nearestNames(name, presetNames()).join(' or ')}? presetNames() lists all.`,
    );
  }
  if (classes !== undefined && (typeof classes === 'number' ? classes : classes.length) < 2) {
    throw new RangeError(
      `preset: expected at least two classes, got ${JSON.stringify(classes)}. One class needs no model.`,
    );
  }
  const { parts, remarks = [], ...rest } = found();
  const painted: Painted = rest.dataset && classes === undefined ? paintedAs[rest.dataset]() : paintedApart(classes);
  const K = painted.classes.length;
  const { tokenizer, codes } = parts.tokenizer(K);
  const prior = { ...parts.head, features: backboneChannels(parts.backbone), classes: K, vocabulary: codes };
  const generative = kind === 'generative';
  const model: GssModelConfig = {
    format: 'gss-model',
    version: 1,
    name,
    kind,
    ...painted,
    mean: parts.mean,
    std: parts.std,
    backbone: parts.backbone,
    prior: generative ? prior : twinHead(prior),
    tokenizer,
    ...(generative && parts.ftwDepth ? { ftw: ftwPaper(K, parts.ftwDepth) } : {}),
    decoding: 'argmax',
    inference: parts.inference,
  };
  return { name, ...rest, model, remarks };
}
