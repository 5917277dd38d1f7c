import { join } from 'node:path';
import type { StepResult } from '../step.js';
import { listCheckpoints } from './checkpoints.js';

/** A loss or gradient that is not finite: training stops, the last good checkpoint stands. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}

/** Throws DivergedError unless loss and gradient norm are finite. */
export function refuseNonFinite({ loss, gradNorm }: StepResult, who: string, step: number, dir: string): void {
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) return;
  const last = listCheckpoints(join(dir, 'checkpoints')).at(-1);
  const from = last
    ? `The last good checkpoint is ${last.path} (step ${last.step}).`
    : 'No checkpoint had been written yet.';
  throw new DivergedError(
    `${who}: step ${step} gave loss ${loss} and gradient norm ${gradNorm}. ${from} Lower the learning rate, lengthen the warm-up or clip gradients, then start again.`,
  );
}
