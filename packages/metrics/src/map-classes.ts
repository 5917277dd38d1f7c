import { type Confusion, createConfusion } from './confusion.js';

/**
 * The confusion of a coarser or smaller taxonomy: class c becomes map[c], and classes with the same image are one.
 * A class without an image (`ignore`) is ignored where it is the truth and no class where it is predicted.
 * @param map [K] new ids in 0…classes-1, or `ignore`
 * @throws RangeError if the map has not K entries or names a class out of range
 */
export function mapClasses(confusion: Confusion, map: ArrayLike<number>, classes: number, ignore = 255): Confusion {
  const { classes: K, counts, unpredicted, unlabelled } = confusion;
  if (map.length !== K) {
    throw new RangeError(
      `mapClasses: expected ${K} entries in the map, got ${map.length}. Give every class an image or ${ignore}.`,
    );
  }
  const out = createConfusion(classes);
  const image = Array.from(map, (to, c) => {
    if (Number.isInteger(to) && to >= 0 && to < classes) return to;
    if (to === ignore) return -1;
    throw new RangeError(
      `mapClasses: class ${c} is mapped to ${to} (expected 0 to ${classes - 1}, or ${ignore} for none). Pass the number of classes after mapping.`,
    );
  });
  out.ignored = confusion.ignored;
  for (let row = 0; row < K; row++) {
    const r = image[row]!;
    if (r >= 0) out.unpredicted[r]! += unpredicted[row]!;
    else out.ignored += unpredicted[row]!;
    for (let column = 0; column < K; column++) {
      const pixels = counts[row * K + column]!;
      const c = image[column]!;
      if (r < 0) out.ignored += pixels;
      else if (c < 0) out.unpredicted[r]! += pixels;
      else out.counts[r * classes + c]! += pixels;
    }
    if (r >= 0) out.unlabelled[r]! += unlabelled[row]!;
    else out.ignored += unlabelled[row]!;
  }
  return out;
}

/**
 * The confusion of some classes alone, renumbered in the order given: pixels whose truth is another class are ignored,
 * predictions of another class count as none. (To keep other classes in the game and only average over some, pass
 * `classes` to `scores`.)
 * @throws RangeError if a class is out of range or repeated
 */
export function selectClasses(confusion: Confusion, classes: readonly number[]): Confusion {
  checkSubset('selectClasses', classes, confusion.classes);
  const map = new Float64Array(confusion.classes).fill(-1);
  classes.forEach((c, i) => {
    map[c] = i;
  });
  return mapClasses(confusion, map, classes.length, -1);
}

export function checkSubset(who: string, classes: readonly number[], K: number): void {
  const seen = new Set<number>();
  for (const c of classes) {
    if (!Number.isInteger(c) || c < 0 || c >= K) {
      throw new RangeError(
        `${who}: class ${c} of the subset is out of range (expected 0 to ${K - 1}). Pass ids of this matrix.`,
      );
    }
    if (seen.has(c)) throw new RangeError(`${who}: class ${c} is twice in the subset. Pass each class once.`);
    seen.add(c);
  }
}
