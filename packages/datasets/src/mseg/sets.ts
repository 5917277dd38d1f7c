import { readNames, readNumbers } from '../catalog/compact.js';
import { type LabelTable, tableFromIds } from '../label-table.js';
import { type ClassInfo, ignoreIndex, type Rgb } from '../types.js';
import { msegUniversalClasses } from './universal.js';

/** Classes of a label file and the universal class of each; 255 where there is none. */
export interface MSegClasses {
  readonly names: readonly string[];
  readonly toUniversal: readonly number[];
}

export interface MSegTrainSet {
  readonly title: string;
  /** As published, in MSeg's id order. */
  readonly published: MSegClasses;
  /** The relabelled version, the one that is trained on: each class has one universal class. */
  readonly relabeled: MSegClasses;
  /** How often GSS repeats the set in an epoch of the joined training set. */
  readonly repeat: number;
  readonly images: { readonly train: number; readonly val: number };
}

export interface MSegTestSet {
  readonly title: string;
  /** Pictures that are evaluated. */
  readonly images: number;
  readonly names: readonly string[];
  /** Universal class → class of this set; 255 where there is none. */
  readonly fromUniversal: readonly number[];
}

export function trainSet(
  title: string,
  repeat: number,
  images: MSegTrainSet['images'],
  published: readonly [names: string, toUniversal: string],
  relabeled: readonly [names: string, toUniversal: string],
): MSegTrainSet {
  const read = ([names, numbers]: readonly [string, string]): MSegClasses => ({
    names: readNames(names),
    toUniversal: readNumbers(numbers),
  });
  return { title, repeat, images, published: read(published), relabeled: read(relabeled) };
}

export const testSet = (title: string, images: number, names: string, fromUniversal: string): MSegTestSet => ({
  title,
  images,
  names: readNames(names),
  fromUniversal: readNumbers(fromUniversal),
});

/** The table of label files that hold these classes (255 = unlabelled): to their own ids, or to universal ids. */
export function msegTable({ names, toUniversal }: MSegClasses, to: 'own' | 'universal'): LabelTable {
  const own = tableFromIds(names.map((_, id) => id));
  return to === 'own'
    ? own
    : { toClass: own.toClass.map((id) => (id >= 0 && id !== ignoreIndex ? toUniversal[id]! : id)) };
}

/** Universal ids that no class of the published version reaches: they are left out when its val split is scored. */
export function universalClassesAbsent({ published }: MSegTrainSet): number[] {
  const reached = new Set(published.toUniversal);
  return msegUniversalClasses.map((_, id) => id).filter((id) => !reached.has(id));
}

/** Drawn in the colour of the universal class; white where there is none. MSeg has no palettes of its own. */
export function coloredByUniversal({ names, toUniversal }: MSegClasses): readonly ClassInfo[] {
  const white: Rgb = [255, 255, 255];
  return names.map((name, id) => ({ name, color: msegUniversalClasses[toUniversal[id]!]?.color ?? white }));
}

/** The same for a test set, in the colour of the first universal class that means this class. */
export const testSetClasses = ({ names, fromUniversal }: MSegTestSet): readonly ClassInfo[] =>
  coloredByUniversal({ names, toUniversal: names.map((_, id) => fromUniversal.indexOf(id)) });
