export { type AggregateConfig, aggregate, aggregateSpec } from './aggregate.js';
export { accuracy, crossEntropy } from './cross-entropy.js';
export { type LabelMap, resizeLabels } from './labels.js';
export { type PriorLoss, type PriorLossOptions, type PriorTargets, priorLoss } from './loss.js';
export {
  beforeClassifier,
  type PriorConfig,
  type PriorOutput,
  type PriorParams,
  prior,
  priorSpec,
  tokenFeatures,
} from './prior.js';
export { fillUnlabelled, labelledCells, tokenTargets, unlabelled } from './targets.js';
export { type PriorVariant, priorVariants } from './variants.js';
