import { leavesOf, type StoredTensor, storedShape } from '@gss/tensor';
import { networkSpec } from '../model.js';
import { preset, presetNames } from '../presets/index.js';

/** Pixel heads depend on the classes, which are not what tells presets apart. */
const ofClasses = /_pixel\./;

/** Names of presets whose backbone and token head these weights fit; rows of the paper on other data sets share theirs. */
export function presetsOfWeights(weights: ReadonlyMap<string, Pick<StoredTensor, 'shape'>>): string[] {
  return presetNames().filter((name) => {
    const leaves = leavesOf(networkSpec(preset(name, { classes: 2 }).model)).filter(
      ({ name, leaf }) => !leaf.optional && !ofClasses.test(name),
    );
    return leaves.every(({ name, leaf }) => weights.get(name)?.shape.join() === storedShape(leaf).join());
  });
}
