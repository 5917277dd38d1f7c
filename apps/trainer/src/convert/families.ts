import { UsageError } from '../cli/errors.js';
import { compact } from './families/compact.js';
import { dvae } from './families/dvae.js';
import { gss } from './families/gss.js';
import { hrnet } from './families/hrnet.js';
import { resnet } from './families/resnet.js';
import { swin } from './families/swin.js';
import { uvim, uvimLanguage } from './families/uvim.js';
import { vqgan } from './families/vqgan.js';
import type { Family, Naming } from './family.js';
import type { Weights } from './weights.js';

/** Everything `gss convert` knows. The more special comes first: a GSS model has a backbone, an HRNet a `layer1`. */
export const families: readonly Family[] = [gss, dvae, vqgan, uvim, uvimLanguage, compact, swin, hrnet, resnet];

/** What a file was taken for. */
export interface Detected {
  readonly family: Family;
  readonly naming: Naming;
}

const inWords = (words: readonly string[]): string => words.join(', ');

/** Namings that `--from` and `--to` take, for help texts. */
export const namingNames: readonly string[] = [
  ...new Set(families.flatMap(({ namings }) => namings.map(({ name }) => name))),
];

/** Family and naming of tensors, by their names alone; undefined when no family knows them. */
export function detect(weights: Weights, from?: string): Detected | undefined {
  for (const family of families)
    for (const naming of family.namings)
      if ((from === undefined || naming.name === from || isAlias(family, naming, from)) && naming.recognise(weights))
        return { family, naming };
  if (from === undefined) return undefined;
  const names = [...weights.keys()].slice(0, 3);
  throw new UsageError(
    `--from ${from}: no model that we know has names of ${from} like these: ${inWords(names)}, …. Leave --from out to have them detected.`,
  );
}

/** mmsegmentation's names are ours wherever the family does not say otherwise. */
const isAlias = (family: Family, naming: Naming, name: string): boolean =>
  name === 'mmseg' && naming === family.namings[0] && family.namings.every((other) => other.name !== 'mmseg');

/** The naming that `--to` names. @throws UsageError for one that the family does not have. */
export function namingOf(family: Family, name: string): Naming {
  const found = family.namings.find((naming) => naming.name === name || isAlias(family, naming, name));
  if (found) return found;
  throw new UsageError(
    `--to ${name}: ${family.title} has no names of that kind. Take one of ${inWords(family.namings.map((naming) => naming.name))}.`,
  );
}
