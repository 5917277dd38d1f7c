import { join } from 'node:path';
import { createRng, disposeTree, leavesOf, type Spec, type Tree, trainable } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import { createEma, type Ema } from '../ema.js';
import { openBest } from './best.js';
import { listCheckpoints, loadCheckpoint, saveCheckpoint } from './checkpoints.js';
import { watchDivergence } from './diverged.js';
import { openRunLogger } from './logger.js';
import type { TrainLoopOptions, TrainLoopResult } from './loop-options.js';
import { openStep, type Running, type StepFound } from './loop-step.js';

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
  const { dir, spec, optimizer, steps, seed, config, signal } = options;
  const { checkpointEvery = 200, logEvery = 10, evaluateEvery = Number.POSITIVE_INFINITY, further = [] } = options;
  const { accumulate = 1 } = options;
  if (accumulate > 1 && further.length) throw new RangeError('trainLoop: accumulate does not go with further phases.');
  const divergence = options.divergence && watchDivergence(options.divergence, dir);
  const ema = options.ema && createEma(options.ema, averaged(spec, options.trains));
  const optimizers = { optimizer, further: new Map(further.map((phase) => [phase.name, phase.optimizer])), ema };
  const checkpoints = join(dir, 'checkpoints');
  const last = options.resume ? listCheckpoints(checkpoints).at(-1) : undefined;
  const loaded = last
    ? await loadCheckpoint(last.path, { spec, config, ...optimizers })
    : { params: await options.init(), step: 0 };
  if (last) options.onResume?.({ step: loaded.step, path: last.path });
  const first = loaded.step;
  const run: Running<S> = { params: trainable(spec, loaded.params, options.trains), step: first };
  ema?.begin(run.params as Tree<tf.Tensor>);
  const best = await openBest(join(dir, 'best'), { spec, config, resume: Boolean(options.resume) });
  const stream = options.batches(first * accumulate);
  const log = openRunLogger(dir);
  const began = performance.now();
  const elapsed = () => Math.max(1e-9, (performance.now() - began) / 1000);
  /** Share of the time so far that steps waited for data. */
  const waiting = () => (stream.waited ?? 0) / 1000 / elapsed();
  let figures: Record<string, number> = {};
  let saved = first;
  const save = async () => {
    const params = run.params as Tree<tf.Tensor>;
    await saveCheckpoint(checkpoints, { step: run.step, config, spec, params, ...optimizers });
    saved = run.step;
  };
  const tell = ({ loss, learningRate, gradNorm, logs, others }: StepFound) => {
    const { step } = run;
    const stepsPerSecond = (step - first) / elapsed();
    log.scalars(step, {
      loss,
      ...logs,
      'optim/lr': learningRate,
      'optim/grad_norm': gradNorm,
      ...others,
      'time/steps_per_second': stepsPerSecond,
      'time/waiting': waiting(),
      ...(stream.unreadable ? { 'data/unreadable': stream.unreadable } : {}),
    });
    divergence?.see(loss, step);
    options.onProgress?.({ step, steps, loss, learningRate, stepsPerSecond, eta: (steps - step) / stepsPerSecond });
  };
  const evaluate = async () => {
    const { evaluate, bestBy } = options;
    if (!evaluate) return;
    const { step } = run;
    figures = await withAveraged(run.params, ema, async (tree) => {
      const found = await evaluate(tree, step, log);
      if (bestBy !== undefined) await best.consider(step, figureOf(found, bestBy), tree);
      return found;
    });
    log.scalars(step, figures);
    options.onEvaluate?.({ step, figures, best: best.best });
  };
  const takeStep = openStep(options, run, () => stream.next(), createRng(seed));
  try {
    while (run.step < steps && !signal?.aborted) {
      const found = await takeStep();
      run.step += 1;
      const { step } = run;
      if (options.afterStep) run.params = await options.afterStep(run.params, step, log);
      ema?.update(run.params as Tree<tf.Tensor>);
      if (step % logEvery === 0 || step === steps) tell(found);
      if (step % evaluateEvery === 0 || step === steps) await evaluate();
      if (step % checkpointEvery === 0) await save();
    }
    if (saved !== run.step) await save();
    const trained = run.params;
    if (options.keep === 'best' && best.best) run.params = await best.load();
    else if (ema) run.params = ema.tree(run.params);
    if (run.params !== trained) disposeTree(trained as Tree<tf.Tensor>);
  } catch (error) {
    disposeTree(run.params as Tree<tf.Tensor>);
    throw error;
  } finally {
    ema?.dispose();
    log.close();
    await stream.close();
  }
  const seconds = elapsed();
  return {
    params: run.params,
    step: run.step,
    finished: run.step >= steps,
    seconds,
    waiting: waiting(),
    figures,
    best: best.best,
  };
}
