import type { DatasetSource } from '../source.js';
import type { TransformSpec } from '../transforms/specs.js';
import type { LabelMap } from '../types.js';
import { type CrewOptions, withCrew } from './crew.js';
import type { KeyedLabels } from './label-variants.js';
import { openDataset, withoutRepeats } from './open-dataset.js';
import type { TokenCache } from './token-cache.js';
import type { TokenMap } from './token-file.js';

export interface PrepareTokensOptions extends CrewOptions {
  readonly source: DatasetSource;
  readonly cache: TokenCache;
  /** What training does to a sample before it encodes the labels; it must make few label maps of each (`whyNotFixed`). */
  readonly pipeline: readonly TransformSpec[];
  /** The tokens of label maps of one size; 255 is unlabelled. Called for one batch at a time. */
  readonly encode: (labels: readonly LabelMap[]) => Promise<readonly TokenMap[]>;
  /** Label maps encoded at once; default 8. */
  readonly batchSize?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface PrepareTokensReport {
  readonly samples: number;
  /** Label maps that the pipeline makes of them. */
  readonly maps: number;
  /** Of those, encoded now; the others were there already, or are equal to one that was. */
  readonly encoded: number;
}

/**
 * Puts the tokens of every label map that training will ask for into a cache: labels are read, cut and hashed by workers, and
 * encoded here. Interrupted, it goes on where it stopped.
 * @throws DatasetError for the first label that cannot be read; RangeError for a pipeline that is not fixed.
 */
export async function prepareTokens(options: PrepareTokensOptions): Promise<PrepareTokensReport> {
  const { cache, pipeline, onProgress } = options;
  const source = withoutRepeats(options.source);
  const dataset = await openDataset(source);
  const batches = createBatcher(options);
  let [done, maps] = [0, 0];
  await withCrew(source, dataset, options, (crew) =>
    crew.each(dataset.length, async (index) => {
      const { count, missing } = await crew.run('labelVariants', index, { pipeline, folder: cache.folder });
      maps += count;
      for (const keyed of missing) await batches.add(keyed);
      onProgress?.(++done, dataset.length);
    }),
  );
  return { samples: dataset.length, maps, encoded: await batches.finish() };
}

/** Gathers label maps of one size and encodes them together, one batch after another. */
function createBatcher({ cache, encode, batchSize = 8 }: PrepareTokensOptions) {
  const waiting = new Map<string, KeyedLabels[]>();
  const seen = new Set<string>();
  let last: Promise<void> = Promise.resolve();
  const flush = (size: string): Promise<void> => {
    const batch = waiting.get(size) ?? [];
    waiting.delete(size);
    last = last.then(async () => {
      const tokens = await encode(batch.map(({ labels }) => labels));
      await Promise.all(batch.map(({ key }, i) => cache.put(key, tokens[i]!)));
    });
    return last;
  };
  return {
    add: async (keyed: KeyedLabels): Promise<void> => {
      if (seen.has(keyed.key)) return;
      seen.add(keyed.key);
      const size = `${keyed.labels.width}×${keyed.labels.height}`;
      const batch = waiting.get(size) ?? [];
      batch.push(keyed);
      waiting.set(size, batch);
      if (batch.length >= batchSize) await flush(size);
    },
    finish: async (): Promise<number> => {
      for (const size of [...waiting.keys()]) await flush(size);
      await last;
      return seen.size;
    },
  };
}
