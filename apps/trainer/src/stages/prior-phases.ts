import type { GssModelConfig } from '@gss/segmenter';
import type { Spec } from '@gss/tensor';
import { adamW, cosineSchedule, groupedOptimizer, type Optimizer, polySchedule, type Schedule } from '@gss/train';
import { UsageError } from '../cli/errors.js';
import type { PriorTrainConfig } from '../config/schema.js';
import { backboneOf } from './prior-model.js';
import { priorRules, priorTrains } from './prior-rules.js';

/** How stage II learns: what trains when, at which rate, by which optimiser. */
export interface PriorLearning {
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** Parameters that train in some phase. */
  readonly trains: (name: string) => boolean;
  /** Those that train at a step. */
  readonly updates: ((name: string, step: number) => boolean) | undefined;
  /** The model with the stages and norms frozen that are frozen at a step. */
  readonly modelAt: (step: number) => GssModelConfig;
}

/** The rate of a run at a base rate. */
function scheduleOf({ steps, power, warmup, warmupRatio, schedule }: PriorTrainConfig, base: number): Schedule {
  const common = {
    base,
    total: steps,
    warmup: { iterations: warmup, ...(warmupRatio === undefined ? {} : { ratio: warmupRatio }) },
  };
  return schedule === 'cosine' ? cosineSchedule(common) : polySchedule({ ...common, power });
}

/**
 * The phases of `prior.phases`, one after the other, and then the config's own `freeze` and `lr` to the end. Parameters that
 * train in the same phases share an optimiser, so that those unfrozen later start with fresh moments.
 */
export function priorLearning(p: PriorTrainConfig, model: GssModelConfig, spec: Spec): PriorLearning {
  const make = () => adamW({ weightDecay: p.weightDecay, rules: priorRules(spec, model.backbone, p) });
  const own = { model, trains: priorTrains(model), schedule: scheduleOf(p, p.lr) };
  if (!p.phases) {
    const { trains, schedule } = own;
    return { optimizer: make(), schedule, trains, updates: undefined, modelAt: () => model };
  }
  let end = 0;
  const early = p.phases.map(({ steps, freeze, lr }) => {
    const frozen = freeze ? { ...model, backbone: backboneOf({ ...p, freeze }) } : model;
    end += steps;
    return {
      end,
      model: frozen,
      trains: priorTrains(frozen),
      schedule: lr === undefined ? own.schedule : scheduleOf(p, lr),
    };
  });
  if (end >= p.steps)
    throw new UsageError(`prior.phases take ${end} steps, the run has ${p.steps}. Leave some for after them.`);
  const phases = [...early, { ...own, end: p.steps }];
  const at = (step: number) => phases.find((phase) => step < phase.end) ?? phases.at(-1)!;
  return {
    optimizer: groupedOptimizer((name) => phases.map(({ trains }) => (trains(name) ? '1' : '0')).join(''), make),
    schedule: (step) => at(step).schedule(step),
    trains: (name) => phases.some(({ trains }) => trains(name)),
    updates: (name, step) => at(step).trains(name),
    modelAt: (step) => at(step).model,
  };
}
