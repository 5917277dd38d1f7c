import { applyLabelTable, compileLabelTable } from '../label-table.js';
import type { TransformSpec } from '../transforms/specs.js';
import { enumerateLabels } from '../transforms/variants.js';
import type { LabelMap, SegmentationDataset } from '../types.js';
import type { PairDataset } from './pair-dataset.js';
import { openTokenFolder } from './token-cache.js';

/** A label map and the key of its tokens. */
export interface KeyedLabels {
  readonly key: string;
  readonly labels: LabelMap;
}

/** The class ids of a sample; its picture is not decoded where the labels are a file. */
async function readLabels(dataset: SegmentationDataset, index: number): Promise<LabelMap> {
  const { pairs, readRaw, table } = dataset as Partial<PairDataset>;
  if (!pairs || !readRaw || !table) return (await dataset.read(index)).labels;
  return applyLabelTable(await readRaw(index), compileLabelTable(table), pairs[index]!.label);
}

/** Every label map that a pipeline makes of a sample: how many there are, and those whose tokens the cache lacks. */
export async function labelVariants(
  dataset: SegmentationDataset,
  index: number,
  { pipeline, folder }: { readonly pipeline: readonly TransformSpec[]; readonly folder: string },
): Promise<{ count: number; missing: KeyedLabels[] }> {
  const cache = openTokenFolder(folder);
  const maps = enumerateLabels(pipeline, await readLabels(dataset, index));
  const missing = new Map<string, KeyedLabels>();
  for (const labels of maps) {
    const key = cache.key(labels);
    if (!missing.has(key) && !(await cache.has(key))) missing.set(key, { key, labels });
  }
  return { count: maps.length, missing: [...missing.values()] };
}
