export { type ValueAndGradients, variableGradients } from './backward.js';
export { crc32c } from './crc32c.js';
export { createEma, type Ema, type EmaOptions } from './ema.js';
export { type AdamWOptions, adamW } from './optim/adamw.js';
export { groupedOptimizer } from './optim/grouped.js';
export type { Optimizer } from './optim/optimizer.js';
export { noDecayRules, type ParamRule, ruleFor } from './optim/param-groups.js';
export { type SgdOptions, sgd } from './optim/sgd.js';
export { type Position, permutation, sampleStream } from './order.js';
export {
  type CosineOptions,
  cosineSchedule,
  type PolyOptions,
  polySchedule,
  type Schedule,
  type WarmupOptions,
} from './schedule.js';
export { gradientNorm, type LossResult, type StepOptions, type StepResult, trainStep } from './step.js';
export { eventRecord, type SummaryValue, type TensorBoardEvent, versionRecord } from './tensorboard.js';
