import { DatasetError } from '../errors.js';
import { filterDataset } from '../filter.js';
import { mixDatasets } from '../mix.js';
import type { DatasetSource } from '../source.js';
import { syntheticStreets } from '../streets/synthetic-streets.js';
import type { SegmentationDataset } from '../types.js';
import { openFolder } from './folder.js';
import { openNamed, openTree } from './named.js';
import { openShards } from './shards.js';

/**
 * Opens what a source describes. Files are listed and checked for partners now; they are decoded by `read`.
 * @throws DatasetError when the source, its folder or its split is not there, or not of the expected form.
 */
export async function openDataset(source: DatasetSource): Promise<SegmentationDataset> {
  switch (source.kind) {
    case 'folder':
      return openFolder(source);
    case 'synthetic-streets':
      return syntheticStreets(source);
    case 'named':
      return openNamed(source);
    case 'tree':
      return openTree(source);
    case 'shards':
      return openShards(source);
    case 'mixed':
      return mixDatasets(
        await Promise.all(
          source.parts.map(async ({ source: part, repeat }) => ({
            dataset: await openDataset(part),
            ...(repeat === undefined ? {} : { repeat }),
          })),
        ),
      );
    case 'filtered':
      return filterDataset(await openDataset(source.source), source);
    default:
      throw new DatasetError(
        'bad-source',
        `openDataset: unknown kind ${JSON.stringify((source as { kind?: unknown }).kind)}. Expected folder, synthetic-streets, named, tree, shards, filtered or mixed.`,
      );
  }
}

/** The source with every sample once: repeat factors are for training, not for looking through files or writing them. */
export function withoutRepeats(source: DatasetSource): DatasetSource {
  if (source.kind === 'filtered') return { ...source, source: withoutRepeats(source.source) };
  if (source.kind !== 'mixed') return source;
  return { ...source, parts: source.parts.map(({ source: part }) => ({ source: withoutRepeats(part) })) };
}
