import type { SyntheticStreetsSource } from '../source.js';
import type { SegmentationDataset } from '../types.js';
import { syntheticStreetsClasses } from './classes.js';
import { renderStreetScene } from './render.js';

/**
 * The data set of rendered street scenes, 13 classes: nothing to download, nothing on disk. Each sample is rendered when it is read.
 * @throws RangeError for a count or size out of range.
 */
export function syntheticStreets(source: Omit<SyntheticStreetsSource, 'kind'>): SegmentationDataset {
  const { seed, count, width, height, split = 'train', variety } = source;
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(
      `syntheticStreets: count ${count} is not an integer ≥ 1. Say how many pictures the split has.`,
    );
  const check = (index: number) => {
    if (!Number.isInteger(index) || index < 0 || index >= count)
      throw new RangeError(`syntheticStreets: index ${index} is not an integer of 0..${count - 1}.`);
    return index;
  };
  return {
    length: count,
    classes: syntheticStreetsClasses,
    name: (index) => `${split}-${seed}-${String(check(index)).padStart(5, '0')}`,
    read: async (index) =>
      renderStreetScene({ seed, index: check(index), width, height, split, ...(variety ? { variety } : {}) }),
  };
}
