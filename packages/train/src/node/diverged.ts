import { join } from 'node:path';
import type { StepResult } from '../step.js';
import { listCheckpoints } from './checkpoints.js';

/** A loss or gradient that is not finite: training stops, the last good checkpoint stands. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}

const lastGood = (dir: string) => {
  const last = listCheckpoints(join(dir, 'checkpoints')).at(-1);
  return last ? `The last good checkpoint is ${last.path} (step ${last.step}).` : 'No checkpoint had been written yet.';
};
const remedy = 'Lower the learning rate, lengthen the warm-up or clip gradients, then start again.';

export interface DivergenceOptions {
  /** A loss above this many times the running median of those before it counts as diverging. */
  readonly factor: number;
  /** So many logged steps in a row end the run. */
  readonly patience: number;
}

/** Logged losses that the median is of, and how many there must be before any loss is judged. */
const [medianOf, judgedAfter] = [50, 5];

/** Watches the logged losses of a run; `see` throws DivergedError when they have left the running median for good. */
export function watchDivergence(
  { factor, patience }: DivergenceOptions,
  dir: string,
): { see(loss: number, step: number): void } {
  const usual: number[] = [];
  let odd = 0;
  return {
    see(loss, step) {
      const sorted = [...usual].sort((a, b) => a - b);
      const median = sorted[sorted.length >> 1] ?? Number.POSITIVE_INFINITY;
      if (usual.length < judgedAfter || loss <= factor * median) {
        odd = 0;
        usual.push(loss);
        if (usual.length > medianOf) usual.shift();
        return;
      }
      odd += 1;
      if (odd < patience) return;
      throw new DivergedError(
        `training: at step ${step} the loss is ${loss}, and for ${odd} logged steps it has been above ${factor} times its running median of ${median.toPrecision(4)}. ${lastGood(dir)} ${remedy}`,
      );
    },
  };
}

/** Throws DivergedError unless loss and gradient norm are finite. */
export function refuseNonFinite({ loss, gradNorm }: StepResult, who: string, step: number, dir: string): void {
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) return;
  throw new DivergedError(
    `${who}: step ${step} gave loss ${loss} and gradient norm ${gradNorm}. ${lastGood(dir)} ${remedy}`,
  );
}
