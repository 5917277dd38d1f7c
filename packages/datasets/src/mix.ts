import type { SegmentationDataset } from './types.js';

/**
 * Several data sets with the same classes as one. Each part counts `repeat` times in an epoch: a mixed length is the sum of
 * length × repeat, and consecutive positions run through a part once before they repeat it.
 * @throws RangeError for parts whose classes differ, or a repeat that is no integer ≥ 1.
 */
export function mixDatasets(
  parts: readonly { readonly dataset: SegmentationDataset; readonly repeat?: number }[],
): SegmentationDataset {
  const first = parts[0]?.dataset;
  if (!first) throw new RangeError('mixDatasets: expected one part or more, got none.');
  const starts = [0];
  for (const [i, { dataset, repeat = 1 }] of parts.entries()) {
    if (!Number.isInteger(repeat) || repeat < 1)
      throw new RangeError(`mixDatasets: the repeat of part ${i} is ${repeat}; expected an integer ≥ 1.`);
    const differs =
      dataset.classes.length !== first.classes.length ||
      dataset.classes.findIndex(({ name }, id) => name !== first.classes[id]!.name) >= 0;
    if (differs)
      throw new RangeError(
        `mixDatasets: part ${i} has ${dataset.classes.length} classes that are not part 0's ${first.classes.length}. ` +
          "Open all parts in one taxonomy (taxonomy: 'universal').",
      );
    starts.push(starts[i]! + dataset.length * repeat);
  }
  const length = starts.at(-1)!;
  const locate = (index: number) => {
    if (!Number.isInteger(index) || index < 0 || index >= length)
      throw new RangeError(`mixDatasets: index ${index} is not an integer of 0..${length - 1}.`);
    const part = starts.findLastIndex((start) => start <= index && start < length);
    const { dataset } = parts[part]!;
    return { part, dataset, own: (index - starts[part]!) % dataset.length };
  };
  return {
    length,
    classes: first.classes,
    name: (index) => {
      const { part, dataset, own } = locate(index);
      return `${part}/${dataset.name(own)}`;
    },
    read: async (index) => {
      const { part, dataset, own } = locate(index);
      const sample = await dataset.read(own);
      return { ...sample, name: `${part}/${sample.name}` };
    },
  };
}
