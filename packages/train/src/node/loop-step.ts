import {
  createTraining,
  discardStatistics,
  type ParamsOf,
  type Rng,
  type Spec,
  type Training,
  type Tree,
  variablesOf,
  withStatistics,
} from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import { addRecorded, applyRecorded, type Recorded, recordGradients } from '../step.js';
import { refuseNonFinite } from './diverged.js';
import type { Phase, TrainLoopOptions } from './loop-options.js';

/** What moves while a run goes on: its parameters, and the steps that are done. */
export interface Running<S extends Spec> {
  params: ParamsOf<S>;
  step: number;
}

/** What a step found. */
export interface StepFound {
  readonly loss: number;
  readonly learningRate: number;
  readonly gradNorm: number;
  /** Figures that the loss came with. */
  readonly logs: Readonly<Record<string, number>>;
  /** Figures of further phases, as PHASE/…. */
  readonly others: Readonly<Record<string, number>>;
}

/**
 * The step of a run: its batches, their gradients, the update, then further phases on the last batch. It moves `run.params`, not
 * `run.step`. Its random numbers come from `root` and the step alone.
 */
export function openStep<const S extends Spec, B>(
  options: TrainLoopOptions<S, B>,
  run: Running<S>,
  next: () => Promise<B>,
  root: Rng,
): () => Promise<StepFound> {
  const { dir, accumulate = 1, further = [] } = options;
  const { updates = (name, step) => !further.some((phase) => phase.updates(name, step)) } = options;
  const main = { ...options, updates };
  type Side = Omit<Phase<S, B>, 'name'>;

  const variables = ({ updates }: Side) =>
    new Map([...variablesOf(run.params as Tree<tf.Tensor>)].filter(([name]) => updates(name, run.step)));
  /** Forward and backward pass of one batch; running statistics move. */
  const record = (side: Side, batch: B, training: Training): Recorded => {
    try {
      const recorded = recordGradients(() => side.loss(run.params, batch, training, run.step), variables(side));
      run.params = withStatistics(run.params, training);
      return recorded;
    } catch (error) {
      discardStatistics(training);
      throw error;
    }
  };
  const update = async (side: Side, who: string, recorded: Recorded, count: number) => {
    const { optimizer, schedule, clipNorm } = side;
    const learningRate = schedule(run.step);
    const result = await applyRecorded(
      recorded,
      { variables: variables(side), optimizer, learningRate, clipNorm },
      count,
    );
    refuseNonFinite(result, who, run.step, dir);
    return { ...result, learningRate };
  };
  /** The gradients of all batches of the step, and the last batch. */
  const gather = async (): Promise<{ recorded: Recorded; batch: B }> => {
    let sum: Recorded | undefined;
    for (let i = 0; ; i++) {
      const batch = await next();
      const training = createTraining(root.fork(i === 0 ? `step/${run.step}` : `step/${run.step}/${i}`));
      await options.prepare?.(run.params, batch, training, run.step);
      const one = record(main, batch, training);
      const recorded = sum ? addRecorded(sum, one) : one;
      if (i + 1 >= accumulate) return { recorded, batch };
      sum = recorded;
    }
  };
  const runFurther = async (batch: B): Promise<Record<string, number>> => {
    const figures: Record<string, number> = {};
    for (const phase of further) {
      if (phase.runs && !phase.runs(run.step)) continue;
      const training = createTraining(root.fork(`step/${run.step}/${phase.name}`));
      const recorded = record(phase, batch, training);
      const { loss, gradNorm, logs } = await update(phase, `training (${phase.name})`, recorded, 1);
      for (const [key, value] of Object.entries({ loss, ...logs, grad_norm: gradNorm }))
        figures[`${phase.name}/${key}`] = value;
    }
    return figures;
  };
  return async () => {
    const { recorded, batch } = await gather();
    const { loss, gradNorm, logs, learningRate } = await update(main, 'training', recorded, accumulate);
    return { loss, learningRate, gradNorm, logs, others: await runFurther(batch) };
  };
}
