import { type AugmentOptions, fullAugmentation } from '@gss/segmenter';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../cli/errors.js';

/** Test-time augmentation on the command line, alike in `evaluate` and `predict`. */
export interface AugmentationOptions {
  readonly tta?: boolean;
  readonly scales?: readonly number[];
  readonly flip?: boolean;
  readonly average?: 'soft' | 'votes';
}

/** Parses "0.75,1,1.25". */
function scaleList(text: string): number[] {
  const scales = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (scales.every((scale) => scale > 0 && scale < Number.POSITIVE_INFINITY)) return scales;
  throw new InvalidArgumentError(`expected numbers above 0 with commas between, such as 0.75,1,1.25, got ${text}.`);
}

/** --tta is all of mmsegmentation's usual; --scales and --flip choose. */
export function augmentation(
  who: string,
  { tta, scales, flip, average }: AugmentationOptions,
): AugmentOptions | undefined {
  if (tta && (scales || flip))
    throw new UsageError(`${who}: --tta is all scales and flips. Leave out --scales and --flip.`);
  const how = tta
    ? fullAugmentation
    : scales || flip
      ? { ...(scales ? { scales } : {}), flip: flip ?? false }
      : undefined;
  if (!how && average)
    throw new UsageError(`${who}: --average ${average} has nothing to average. Add --tta, --scales or --flip.`);
  return how && average ? { ...how, average } : how;
}

/** The options themselves. */
export const withAugmentation = (command: Command): Command =>
  command
    .addOption(
      new Option('--scales <list>', 'average over these input scales, such as 0.75,1,1.25').argParser(scaleList),
    )
    .option('--flip', 'average over the mirror image too')
    .option('--tta', `scales ${fullAugmentation.scales!.join(', ')} with mirror images: 12 passes an image`)
    .addOption(
      new Option('--average <what>', "soft class scores (default) or the passes' decisions, as the reference").choices([
        'soft',
        'votes',
      ]),
    );
