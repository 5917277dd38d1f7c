import { join } from 'node:path';
import {
  createRng,
  createTraining,
  discardStatistics,
  disposeTree,
  type ParamsOf,
  type Spec,
  type Training,
  type Tree,
  trainable,
  variablesOf,
  withStatistics,
} from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from '../optim/optimizer.js';
import type { Schedule } from '../schedule.js';
import { type LossResult, type StepResult, trainStep } from '../step.js';
import { listCheckpoints, loadCheckpoint, saveCheckpoint } from './checkpoints.js';
import { openRunLogger, type RunLogger } from './logger.js';

/** Where a run stands; for progress bars. */
export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly stepsPerSecond: number;
  /** Seconds to the end at the present pace. */
  readonly eta: number;
}

/** Batches from a given step on. */
export interface BatchStream<B> {
  next(): Promise<B>;
  readonly waited?: number;
  close(): Promise<void> | void;
}

/** A further update of every step, with its own loss, parameters and optimiser: the other side of adversarial training. */
export interface Phase<S extends Spec, B> {
  /** Its figures are logged as NAME/…, and its state is saved under this name. */
  readonly name: string;
  /** Which of the trained parameters it updates. */
  readonly updates: (name: string) => boolean;
  /** Called with the parameters as the phases before it left them. */
  readonly loss: (params: ParamsOf<S>, batch: B, training: Training, step: number) => LossResult;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly clipNorm?: number;
  /** Steps at which it runs; default all. */
  readonly runs?: (step: number) => boolean;
}

export interface TrainLoopOptions<S extends Spec, B> {
  /** Folder of the run: checkpoints/, log.jsonl, TensorBoard events. */
  readonly dir: string;
  readonly spec: S;
  /** Fresh parameters, called when there is no checkpoint to resume from. */
  readonly init: () => ParamsOf<S> | Promise<ParamsOf<S>>;
  /** Which parameters train, by name; default all. */
  readonly trains?: (name: string) => boolean;
  /** Opens the stream of batches at a step. */
  readonly batches: (step: number) => BatchStream<B>;
  /** Called before the loss, outside of the gradient: for figures that the loss takes as constants. */
  readonly prepare?: (params: ParamsOf<S>, batch: B, training: Training, step: number) => void | Promise<void>;
  readonly loss: (params: ParamsOf<S>, batch: B, training: Training, step: number) => LossResult;
  /** Which of the trained parameters the loss updates; default all that no further phase does. */
  readonly updates?: (name: string) => boolean;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly steps: number;
  readonly seed: number;
  readonly clipNorm?: number;
  /** Updates that follow in the same step, in order. */
  readonly further?: readonly Phase<S, B>[];
  /** JSON of everything that the result depends on: a checkpoint of another configuration is refused. */
  readonly config: string;
  /** Continue from the newest checkpoint in `dir`, if there is one. */
  readonly resume?: boolean;
  readonly checkpointEvery?: number;
  readonly logEvery?: number;
  /** Called after each step; may replace parameters (dead codes) and returns the tree to go on with. */
  readonly afterStep?: (params: ParamsOf<S>, step: number, log: RunLogger) => ParamsOf<S> | Promise<ParamsOf<S>>;
  /** Runs every `evaluateEvery` steps and at the end; its figures are logged. */
  readonly evaluate?: (params: ParamsOf<S>, step: number, log: RunLogger) => Promise<Record<string, number>>;
  readonly evaluateEvery?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Stops after the running step: a checkpoint is saved and the result says `aborted`. */
  readonly signal?: AbortSignal;
}

export interface TrainLoopResult<S extends Spec> {
  /** The trained tree (variables); it belongs to the caller. */
  readonly params: ParamsOf<S>;
  readonly step: number;
  readonly finished: boolean;
  readonly seconds: number;
  /** Share of the time that the step waited for data. */
  readonly waiting: number;
  /** The last evaluation's figures. */
  readonly figures: Readonly<Record<string, number>>;
}

/** A loss or gradient that is not finite: training stops, the last good checkpoint stands. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}

function check({ loss, gradNorm }: StepResult, who: string, step: number, dir: string): void {
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) return;
  const last = listCheckpoints(join(dir, 'checkpoints')).at(-1);
  const from = last
    ? `The last good checkpoint is ${last.path} (step ${last.step}).`
    : 'No checkpoint had been written yet.';
  throw new DivergedError(
    `${who}: step ${step} gave loss ${loss} and gradient norm ${gradNorm}. ${from} Lower the learning rate, lengthen the warm-up or clip gradients, then start again.`,
  );
}

/**
 * The training loop: resumes, steps, logs, saves. What step n computes depends on seed, configuration and n alone, so that
 * k steps, a crash, and N − k resumed steps give bit for bit what N steps give.
 */
export async function trainLoop<const S extends Spec, B>(options: TrainLoopOptions<S, B>): Promise<TrainLoopResult<S>> {
  const { dir, spec, optimizer, schedule, steps, seed, config, signal } = options;
  const { checkpointEvery = 200, logEvery = 10, evaluateEvery = Number.POSITIVE_INFINITY, further = [] } = options;
  const { updates = (name) => !further.some((phase) => phase.updates(name)) } = options;
  const optimizers = { optimizer, further: new Map(further.map((phase) => [phase.name, phase.optimizer])) };
  const checkpoints = join(dir, 'checkpoints');
  const last = options.resume ? listCheckpoints(checkpoints).at(-1) : undefined;
  const loaded = last
    ? await loadCheckpoint(last.path, { spec, config, ...optimizers })
    : { params: await options.init(), step: 0 };
  let params = trainable(spec, loaded.params, options.trains);
  let step = loaded.step;
  const first = step;
  const root = createRng(seed);
  const stream = options.batches(step);
  const log = openRunLogger(dir);
  const began = performance.now();
  let figures: Record<string, number> = {};
  let saved = step;
  const save = async () => {
    await saveCheckpoint(checkpoints, { step, config, spec, params: params as Tree<tf.Tensor>, ...optimizers });
    saved = step;
  };
  /** One update: loss, gradients, parameters, running statistics. */
  const update = async (
    { updates, loss, optimizer, schedule, clipNorm }: Omit<Phase<S, B>, 'name'>,
    who: string,
    batch: B,
    training: Training,
  ): Promise<StepResult> => {
    const all = variablesOf(params as Tree<tf.Tensor>);
    const result = await trainStep({
      loss: () => loss(params, batch, training, step),
      variables: new Map([...all].filter(([name]) => updates(name))),
      optimizer,
      learningRate: schedule(step),
      clipNorm,
    }).catch((error: unknown) => {
      discardStatistics(training);
      throw error;
    });
    check(result, who, step, dir);
    params = withStatistics(params, training);
    return result;
  };
  try {
    while (step < steps && !signal?.aborted) {
      const batch = await stream.next();
      const training = createTraining(root.fork(`step/${step}`));
      const learningRate = schedule(step);
      await options.prepare?.(params, batch, training, step);
      const result = await update({ ...options, updates }, 'training', batch, training);
      const others: Record<string, number> = {};
      for (const phase of further) {
        if (phase.runs && !phase.runs(step)) continue;
        const own = createTraining(root.fork(`step/${step}/${phase.name}`));
        const { loss, gradNorm, logs } = await update(phase, `training (${phase.name})`, batch, own);
        for (const [key, value] of Object.entries({ loss, ...logs, grad_norm: gradNorm })) {
          others[`${phase.name}/${key}`] = value;
        }
      }
      step += 1;
      if (options.afterStep) params = await options.afterStep(params, step, log);
      if (step % logEvery === 0 || step === steps) {
        const seconds = (performance.now() - began) / 1000;
        const stepsPerSecond = (step - first) / seconds;
        log.scalars(step, {
          loss: result.loss,
          ...result.logs,
          'optim/lr': learningRate,
          'optim/grad_norm': result.gradNorm,
          ...others,
          'time/steps_per_second': stepsPerSecond,
        });
        options.onProgress?.({
          step,
          steps,
          loss: result.loss,
          learningRate,
          stepsPerSecond,
          eta: (steps - step) / stepsPerSecond,
        });
      }
      if (options.evaluate && (step % evaluateEvery === 0 || step === steps)) {
        figures = await options.evaluate(params, step, log);
        log.scalars(step, figures);
      }
      if (step % checkpointEvery === 0) await save();
    }
    if (saved !== step) await save();
  } catch (error) {
    disposeTree(params as Tree<tf.Tensor>);
    throw error;
  } finally {
    log.close();
    await stream.close();
  }
  const seconds = (performance.now() - began) / 1000;
  return {
    params,
    step,
    finished: step >= steps,
    seconds,
    waiting: (stream.waited ?? 0) / 1000 / Math.max(seconds, 1e-9),
    figures,
  };
}
