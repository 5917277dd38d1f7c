import type { Context } from '../cli/command.js';
import type { GssConfig } from '../config/schema.js';
import { classesOnly, type DataOptions, openSplit } from '../data/sources.js';
import { type TrainingData, trainingData } from '../data/training-data.js';
import { skipOptions } from '../data/unreadable.js';

export interface TrainingOptions extends DataOptions {
  /** A classes.json instead of data, for tokenizers of procedural masks. */
  readonly classes?: string;
}

/** The data that the options name, else the config's. */
function withSource<O extends DataOptions>(options: O, { data }: GssConfig): O {
  const { data: folder, dataset, source } = options;
  const named = folder !== undefined || dataset !== undefined || source !== undefined;
  return named || !data?.source ? options : { ...options, source: JSON.stringify(data.source) };
}

/** What a training command trains on: the options before `data.source`, its filters and holdout, unreadable samples left out if it says so. */
export async function openTraining(
  options: TrainingOptions,
  config: GssConfig,
  { out }: Context,
): Promise<TrainingData> {
  const from = withSource(options, config);
  const skip = skipOptions(config, out.note);
  const whole = options.classes ? await classesOnly(options.classes) : await openSplit(from, 'train', skip);
  // --include and --exclude are for train: what is evaluated is a split as it is.
  const { include: _, exclude: __, ...unfiltered } = from;
  return trainingData(config, whole, (split) => openSplit(unfiltered, split), skip);
}
