import type { SkipOptions } from '@gss/train/node';
import { UsageError } from '../cli/errors.js';
import type { GssConfig } from '../config/schema.js';
import { filtered, type OpenedData, openSource, type SampleFilter } from './sources.js';

/** What a run trains on, and what it is evaluated on while it trains. */
export interface TrainingData {
  readonly train: OpenedData;
  /** Opens what `prior.evaluate` looks at; its name is for people. Undefined where the config asks for no evaluation. */
  readonly evaluation?: (() => Promise<{ readonly data: OpenedData; readonly name: string }>) | undefined;
}

type Holdout = NonNullable<NonNullable<GssConfig['prior']['evaluate']>['holdout']>;

/** The two sides of a holdout, as filters on names. */
function sides(holdout: Holdout): { held: SampleFilter; rest: SampleFilter } {
  if ('names' in holdout) return { held: { include: holdout.names }, rest: { exclude: holdout.names } };
  const share = { of: holdout.share };
  return { held: { share: { ...share, side: 'drawn' } }, rest: { share: { ...share, side: 'rest' } } };
}

/**
 * The training split as the config wants it: `data.include` and `data.exclude` by name, and without the samples that
 * `prior.evaluate.holdout` keeps for evaluation. All stages train without them, so that nothing of a fold is seen before it
 * is judged. `skip` is for train alone: what is evaluated is read whole.
 */
export async function trainingData(
  { data = {}, prior: { evaluate } }: GssConfig,
  whole: OpenedData,
  openSplit?: (split: string) => Promise<OpenedData>,
  skip?: SkipOptions,
): Promise<TrainingData> {
  const named = filtered(whole.source, data);
  const reopen = (source: OpenedData['source']) =>
    source === whole.source || whole.dataset.length === 0 ? whole : openSource(source, skip);
  if (!evaluate) return { train: await reopen(named) };
  const { holdout, split = 'val' } = evaluate;
  if (holdout) {
    const { held, rest } = sides(holdout);
    const evaluation = async () => ({ data: await openSource(filtered(named, held)), name: 'held-out train images' });
    return { train: await reopen(filtered(named, rest)), evaluation };
  }
  const evaluation = async () => {
    if (openSplit) return { data: await openSplit(split), name: `images of ${split}` };
    throw new UsageError(
      `prior.evaluate.split=${split}: this command opens no other split. Give prior.evaluate.holdout.`,
    );
  };
  return { train: await reopen(named), evaluation };
}
