import type { DatasetSource } from '../source.js';
import type { SegmentationDataset } from '../types.js';
import { openDataset } from './open-dataset.js';

const opened = new Map<string, Promise<SegmentationDataset>>();

/** Opens a source once per thread: its jobs arrive one by one. */
export function openCached(source: DatasetSource): Promise<SegmentationDataset> {
  const key = JSON.stringify(source);
  let dataset = opened.get(key);
  if (!dataset) {
    dataset = openDataset(source);
    opened.set(key, dataset);
  }
  return dataset;
}
