import { join } from 'node:path';
import type { GssModelConfig, GssTokenizerConfig } from '@gss/segmenter';
import { disposeTree, frozen, type Spec, type Tree } from '@gss/tensor';
import { polySchedule } from '@gss/train';
import { type Batch, createLoader, type TrainLoopOptions, trainLoop } from '@gss/train/node';
import type * as tf from '@tensorflow/tfjs-core';
import { trainingPipeline } from '../../data/pipeline.js';
import { skipOptions } from '../../data/unreadable.js';
import { resumed, type StageContext, type StageResult } from '../stage.js';
import type { PosteriorPlan } from './plan.js';

/** What a variant says in its folder about how it came to be. */
export type About = Readonly<{ variant: string; seed: number; steps: number }>;

type Own = 'init' | 'trains' | 'prepare' | 'loss' | 'afterStep' | 'optimizer' | 'clipNorm' | 'ema';

/** What a variant trains, and what it leaves: all that a run of the posterior stage does not share with the others. */
export interface PosteriorTraining extends Pick<TrainLoopOptions<Spec, Batch>, Own> {
  readonly spec: Spec;
  /** For people, on the progress bar. */
  readonly title: string;
  /** What it is trained around; a checkpoint made around another is refused. */
  readonly base: GssTokenizerConfig | GssModelConfig;
  /** Writes the finished folder; the parameters stay the caller's. */
  readonly save: (folder: string, params: Tree<tf.Tensor>, about: About) => Promise<void>;
}

/**
 * The one loop of the posterior stage: batches, schedule, checkpoints and resume as the plan has them, and the folder
 * DIR/posterior/model at the end. The optimiser is disposed.
 */
export async function runPosterior(
  { config, train, dir, out, signal, resume }: StageContext,
  plan: PosteriorPlan,
  { title, base, save, ...training }: PosteriorTraining,
): Promise<StageResult> {
  const { steps, power, warmup, batchSize, checkpointEvery, variant } = plan;
  const { seed } = config;
  const prior = plan.joint ? { prior: config.prior } : {}; // its loss is part of the joint one
  const bar = out.progress(title, steps);
  try {
    const result = await trainLoop<Spec, Batch>({
      ...training,
      dir: join(dir, 'posterior'),
      seed,
      steps,
      config: JSON.stringify({ stage: 'posterior', seed, plan, source: train.source, base, ...prior }),
      resume,
      signal,
      schedule: polySchedule({
        base: plan.lr,
        total: steps,
        power,
        warmup: { iterations: Math.min(warmup, steps - 1) },
      }),
      checkpointEvery,
      batches: (start) =>
        createLoader({
          source: train.source,
          length: train.dataset.length,
          pipeline: trainingPipeline(plan, train.size),
          batchSize,
          seed,
          start,
          skip: skipOptions(config, out.note),
        }),
      onResume: resumed(out, 'posterior'),
      onProgress: ({ step, loss }) => bar.update(step, `loss ${loss.toFixed(4)}`),
    });
    const params = frozen(result.params) as Tree<tf.Tensor>;
    const folder = join(dir, 'posterior', 'model');
    if (result.finished) await save(folder, params, { variant, seed, steps: result.step });
    disposeTree(params);
    return { finished: result.finished, seconds: result.seconds, folder: result.finished ? folder : undefined };
  } finally {
    bar.stop();
    training.optimizer.dispose();
  }
}
