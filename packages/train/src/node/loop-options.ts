import type { ParamsOf, Spec, Training } from '@gss/tensor';
import type { EmaOptions } from '../ema.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { Schedule } from '../schedule.js';
import type { LossResult } from '../step.js';
import type { Best } from './best.js';
import type { DivergenceOptions } from './diverged.js';
import type { RunLogger } from './logger.js';

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

/** What an evaluation found, and the best so far, itself included. */
export interface Evaluated {
  readonly step: number;
  readonly figures: Readonly<Record<string, number>>;
  readonly best: Best | undefined;
}

/** Batches from a given step on. */
export interface BatchStream<B> {
  next(): Promise<B>;
  readonly waited?: number;
  /** Samples so far that could not be read and were left out. */
  readonly unreadable?: number;
  close(): Promise<void> | void;
}

/** A further update of every step, with its own loss, parameters and optimiser: the other side of adversarial training. */
export interface Phase<S extends Spec, B> {
  /** Its figures are logged as NAME/…, and its state is saved under this name. */
  readonly name: string;
  /** Which of the trained parameters it updates. */
  readonly updates: (name: string, step: number) => boolean;
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
  /** Opens the stream at a batch: the step, times `accumulate`. */
  readonly batches: (start: number) => BatchStream<B>;
  /** Called before the loss, outside of the gradient: for figures that the loss takes as constants. */
  readonly prepare?: (params: ParamsOf<S>, batch: B, training: Training, step: number) => void | Promise<void>;
  readonly loss: (params: ParamsOf<S>, batch: B, training: Training, step: number) => LossResult;
  /** Which of the trained parameters the loss updates at a step; default all that no further phase does. */
  readonly updates?: ((name: string, step: number) => boolean) | undefined;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly steps: number;
  readonly seed: number;
  readonly clipNorm?: number;
  /**
   * Batches a step, default 1: their losses are averaged, and running statistics move with each. Without BatchNorm and unlabelled
   * pixels the same as one batch of all. Not together with `further`.
   */
  readonly accumulate?: number | undefined;
  /** Ends the run when the loss has left its running median; default only where it is not finite. */
  readonly divergence?: DivergenceOptions | undefined;
  /** Updates that follow in the same step, in order. */
  readonly further?: readonly Phase<S, B>[];
  /** JSON of everything that the result depends on: a checkpoint of another configuration is refused. */
  readonly config: string;
  /** Continue from the newest checkpoint in `dir`, if there is one. */
  readonly resume?: boolean;
  /** Told of the checkpoint that the run goes on from, before its first step. */
  readonly onResume?: ((checkpoint: { readonly step: number; readonly path: string }) => void) | undefined;
  readonly checkpointEvery?: number;
  readonly logEvery?: number;
  /** Averages the parameters over the steps: evaluation and the result are of the average. Default: of the parameters. */
  readonly ema?: EmaOptions | undefined;
  /** Called after each step; may replace parameters (dead codes) and returns the tree to go on with. */
  readonly afterStep?: (params: ParamsOf<S>, step: number, log: RunLogger) => ParamsOf<S> | Promise<ParamsOf<S>>;
  /** Runs every `evaluateEvery` steps and at the end; its figures are logged. */
  readonly evaluate?: (params: ParamsOf<S>, step: number, log: RunLogger) => Promise<Record<string, number>>;
  readonly evaluateEvery?: number | undefined;
  readonly onEvaluate?: ((evaluation: Evaluated) => void) | undefined;
  /** The figure of `evaluate` (larger is better) whose best weights are kept in `dir`/best; default none are. */
  readonly bestBy?: string | undefined;
  /** Which weights the result has: the last (default), or the best by `bestBy`. */
  readonly keep?: 'last' | 'best' | undefined;
  readonly onProgress?: (progress: Progress) => void;
  /** Stops after the running step: a checkpoint is saved and the result says `aborted`. */
  readonly signal?: AbortSignal;
}

export interface TrainLoopResult<S extends Spec> {
  /** The trained tree (variables), or the average of it or the best evaluated (plain tensors); it belongs to the caller. */
  readonly params: ParamsOf<S>;
  /** Where the best evaluated weights lie. */
  readonly best?: Best | undefined;
  readonly step: number;
  readonly finished: boolean;
  readonly seconds: number;
  /** Share of the time that the step waited for data. */
  readonly waiting: number;
  /** The last evaluation's figures. */
  readonly figures: Readonly<Record<string, number>>;
}
