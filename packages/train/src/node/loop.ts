import { join } from 'node:path';
import {
  createRng,
  createTraining,
  discardStatistics,
  disposeTree,
  leavesOf,
  type Spec,
  type Training,
  type Tree,
  trainable,
  variablesOf,
  withStatistics,
} from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import { createEma, type Ema } from '../ema.js';
import { addRecorded, applyRecorded, type Recorded, recordGradients } from '../step.js';
import { openBest } from './best.js';
import { listCheckpoints, loadCheckpoint, saveCheckpoint } from './checkpoints.js';
import { refuseNonFinite, watchDivergence } from './diverged.js';
import { openRunLogger } from './logger.js';
import type { Phase, TrainLoopOptions, TrainLoopResult } from './loop-options.js';

/** Which leaves an average covers: those that train, and the running statistics that go with them. */
function averaged(spec: Spec, trains: (name: string) => boolean = () => true): (name: string) => boolean {
  const buffers = new Set(leavesOf(spec).flatMap(({ name, leaf }) => (leaf.leaf === 'buffer' ? [name] : [])));
  return (name) => buffers.has(name) || trains(name);
}

function figureOf(figures: Readonly<Record<string, number>>, name: string): number {
  const value = figures[name];
  if (value !== undefined) return value;
  throw new RangeError(`trainLoop: bestBy is ${name}, but evaluate gives ${Object.keys(figures).join(', ')}.`);
}

/** What `use` makes of the tree that counts: the average where there is one, else the parameters themselves. */
async function withAveraged<P, R>(params: P, ema: Ema | undefined, use: (params: P) => Promise<R>): Promise<R> {
  if (!ema) return use(params);
  const tree = ema.tree(params);
  try {
    return await use(tree);
  } finally {
    disposeTree(tree as Tree<tf.Tensor>);
  }
}

/**
 * The training loop: resumes, steps, logs, saves. What step n computes depends on seed, configuration and n alone, so that
 * k steps, a crash, and N − k resumed steps give bit for bit what N steps give.
 */
export async function trainLoop<const S extends Spec, B>(options: TrainLoopOptions<S, B>): Promise<TrainLoopResult<S>> {
  const { dir, spec, optimizer, schedule, steps, seed, config, signal } = options;
  const { checkpointEvery = 200, logEvery = 10, evaluateEvery = Number.POSITIVE_INFINITY, further = [] } = options;
  const { accumulate = 1 } = options;
  if (accumulate > 1 && further.length) throw new RangeError('trainLoop: accumulate does not go with further phases.');
  const divergence = options.divergence && watchDivergence(options.divergence, dir);
  const { updates = (name, step) => !further.some((phase) => phase.updates(name, step)) } = options;
  const ema = options.ema && createEma(options.ema, averaged(spec, options.trains));
  const optimizers = { optimizer, further: new Map(further.map((phase) => [phase.name, phase.optimizer])), ema };
  const checkpoints = join(dir, 'checkpoints');
  const last = options.resume ? listCheckpoints(checkpoints).at(-1) : undefined;
  const loaded = last
    ? await loadCheckpoint(last.path, { spec, config, ...optimizers })
    : { params: await options.init(), step: 0 };
  if (last) options.onResume?.({ step: loaded.step, path: last.path });
  let params = trainable(spec, loaded.params, options.trains);
  ema?.begin(params as Tree<tf.Tensor>);
  let step = loaded.step;
  const first = step;
  const best = await openBest(join(dir, 'best'), { spec, config, resume: Boolean(options.resume) });
  const root = createRng(seed);
  const stream = options.batches(step * accumulate);
  const log = openRunLogger(dir);
  const began = performance.now();
  const elapsed = () => Math.max(1e-9, (performance.now() - began) / 1000);
  /** Share of the time so far that steps waited for data. */
  const waiting = () => (stream.waited ?? 0) / 1000 / elapsed();
  let figures: Record<string, number> = {};
  let saved = step;
  const save = async () => {
    await saveCheckpoint(checkpoints, { step, config, spec, params: params as Tree<tf.Tensor>, ...optimizers });
    saved = step;
  };
  /** Forward and backward pass of one batch; running statistics move. */
  const record = ({ updates, loss }: Pick<Phase<S, B>, 'updates' | 'loss'>, batch: B, training: Training) => {
    try {
      const recorded = recordGradients(() => loss(params, batch, training, step), variables(updates));
      params = withStatistics(params, training);
      return recorded;
    } catch (error) {
      discardStatistics(training);
      throw error;
    }
  };
  const variables = (updates: Phase<S, B>['updates']) =>
    new Map([...variablesOf(params as Tree<tf.Tensor>)].filter(([name]) => updates(name, step)));
  const update = async (phase: Omit<Phase<S, B>, 'name' | 'loss'>, who: string, recorded: Recorded, count: number) => {
    const { optimizer, schedule, clipNorm } = phase;
    const options = { variables: variables(phase.updates), optimizer, learningRate: schedule(step), clipNorm };
    const result = await applyRecorded(recorded, options, count);
    refuseNonFinite(result, who, step, dir);
    return result;
  };
  try {
    while (step < steps && !signal?.aborted) {
      const learningRate = schedule(step);
      let recorded: Recorded | undefined;
      let batch: B | undefined;
      for (let i = 0; i < accumulate; i++) {
        batch = await stream.next();
        const training = createTraining(root.fork(i === 0 ? `step/${step}` : `step/${step}/${i}`));
        await options.prepare?.(params, batch, training, step);
        const one = record({ ...options, updates }, batch, training);
        recorded = recorded ? addRecorded(recorded, one) : one;
      }
      const result = await update({ ...options, updates }, 'training', recorded!, accumulate);
      const others: Record<string, number> = {};
      for (const phase of further) {
        if (phase.runs && !phase.runs(step)) continue;
        const own = createTraining(root.fork(`step/${step}/${phase.name}`));
        const found = record(phase, batch!, own);
        const { loss, gradNorm, logs } = await update(phase, `training (${phase.name})`, found, 1);
        for (const [key, value] of Object.entries({ loss, ...logs, grad_norm: gradNorm })) {
          others[`${phase.name}/${key}`] = value;
        }
      }
      step += 1;
      if (options.afterStep) params = await options.afterStep(params, step, log);
      ema?.update(params as Tree<tf.Tensor>);
      if (step % logEvery === 0 || step === steps) {
        const stepsPerSecond = (step - first) / elapsed();
        log.scalars(step, {
          loss: result.loss,
          ...result.logs,
          'optim/lr': learningRate,
          'optim/grad_norm': result.gradNorm,
          ...others,
          'time/steps_per_second': stepsPerSecond,
          'time/waiting': waiting(),
          ...(stream.unreadable ? { 'data/unreadable': stream.unreadable } : {}),
        });
        divergence?.see(result.loss, step);
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
        const { evaluate, bestBy } = options;
        figures = await withAveraged(params, ema, async (tree) => {
          const found = await evaluate(tree, step, log);
          if (bestBy !== undefined) await best.consider(step, figureOf(found, bestBy), tree);
          return found;
        });
        log.scalars(step, figures);
        options.onEvaluate?.({ step, figures, best: best.best });
      }
      if (step % checkpointEvery === 0) await save();
    }
    if (saved !== step) await save();
    const last = params;
    if (options.keep === 'best' && best.best) params = await best.load();
    else if (ema) params = ema.tree(params);
    if (params !== last) disposeTree(last as Tree<tf.Tensor>);
  } catch (error) {
    disposeTree(params as Tree<tf.Tensor>);
    throw error;
  } finally {
    ema?.dispose();
    log.close();
    await stream.close();
  }
  const seconds = elapsed();
  return {
    params,
    step,
    finished: step >= steps,
    seconds,
    waiting: waiting(),
    figures,
    best: best.best,
  };
}
