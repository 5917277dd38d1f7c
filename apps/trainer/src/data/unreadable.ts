import type { Sample, SegmentationDataset } from '@gss/datasets';
import type { SkipOptions, Unreadable } from '@gss/train/node';
import { UsageError } from '../cli/errors.js';
import type { GssConfig } from '../config/schema.js';

/** Samples that may be left out unless `data.maxUnreadable` says otherwise. */
const usualMax = 10;

/** What the loader does about samples that cannot be read: undefined where the first of them ends the run. */
export function skipOptions({ data }: GssConfig, note: (text: string) => void): SkipOptions | undefined {
  if (data?.unreadable !== 'skip') return undefined;
  const max = data.maxUnreadable ?? usualMax;
  const onSkip = ({ name, reason }: Unreadable) => note(`left out (at most ${max} may be): ${name}: ${reason}`);
  return { max, onSkip };
}

/** The data set for reading in this thread: a sample that cannot be read gives the next one that can. */
export function tolerant(dataset: SegmentationDataset, { max, onSkip }: SkipOptions): SegmentationDataset {
  const left = new Map<number, string>();
  const leave = (at: number, reason: string) => {
    if (left.has(at)) return;
    left.set(at, reason);
    onSkip?.({ name: dataset.name(at), reason });
    if (left.size <= max) return;
    const list = [...left].map(([i, why]) => `\n  ${dataset.name(i)}: ${why}`).join('');
    throw new UsageError(`data: ${left.size} samples cannot be read, data.maxUnreadable is ${max}.${list}`);
  };
  return {
    length: dataset.length,
    classes: dataset.classes,
    name: (index) => dataset.name(index),
    async read(index): Promise<Sample> {
      for (let ahead = 0; ahead < dataset.length; ahead++) {
        const at = (index + ahead) % dataset.length;
        if (left.has(at)) continue;
        try {
          return await dataset.read(at);
        } catch (error) {
          leave(at, (error as Error).message);
        }
      }
      throw new UsageError('data: no sample of the data set can be read.');
    },
  };
}
