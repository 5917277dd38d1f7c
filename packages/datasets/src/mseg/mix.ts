import type { MixedSource } from '../source.js';
import { type MSegTrainSetName, msegTrainSets } from './train-sets.js';

/**
 * MSeg's joined training set as GSS samples it: the seven sets in universal labels, each repeated by its factor. `roots` says
 * where each set lies; leave sets out to train on fewer.
 */
export function msegMix(
  roots: Partial<Readonly<Record<MSegTrainSetName, string>>>,
  { split = 'train', labels = 'mseg-relabeled' }: { split?: string; labels?: 'mseg' | 'mseg-relabeled' } = {},
): MixedSource {
  const names = (Object.keys(msegTrainSets) as MSegTrainSetName[]).filter((name) => roots[name] !== undefined);
  return {
    kind: 'mixed',
    parts: names.map((name) => ({
      repeat: split === 'train' ? msegTrainSets[name].repeat : 1,
      source: { kind: 'named', name, root: roots[name]!, split, labels, taxonomy: 'universal' },
    })),
  };
}
