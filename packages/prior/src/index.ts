export { type AggregateConfig, aggregate, aggregateSpec } from './aggregate.js';
export {
  type ClassifierConfig,
  type ClassifierParams,
  classifierSpec,
  classifyTokens,
  likeliestTokens,
  tieClassifier,
  tiedTableName,
} from './classifier.js';
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
export {
  type SmoothedCrossEntropy,
  smoothedCrossEntropy,
  type TokenSmoothingOptions,
} from './smoothed-cross-entropy.js';
export { fillUnlabelled, labelledCells, tokenTargets, unlabelled } from './targets.js';
export { type PriorVariant, priorVariants } from './variants.js';
export { type CrossEntropy, medianFrequencyWeights, weightedCrossEntropy } from './weighted-cross-entropy.js';
