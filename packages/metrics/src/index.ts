export {
  addToBoundaryMatches,
  type BoundaryFScores,
  type BoundaryMatches,
  boundaryFScores,
  createBoundaryMatches,
  mergeBoundaryMatches,
} from './boundary-f.js';
export { addToBoundaryConfusion, type BoundaryIouOptions } from './boundary-iou.js';
export type { BoundaryWidth } from './boundary-region.js';
export {
  addToCalibration,
  type Calibration,
  type CalibrationScores,
  calibrationScores,
  createCalibration,
  mergeCalibration,
} from './calibration.js';
export { addToConfusion, type Confusion, type ConfusionOptions, createConfusion, mergeConfusion } from './confusion.js';
export {
  alignRows,
  type FormatOptions,
  formatJson,
  formatMarkdown,
  formatTable,
  markdownRows,
  type ScoreColumn,
} from './format.js';
export { harmonicMean } from './harmonic-mean.js';
export type { LabelArray, LabelMap, Labels } from './labels.js';
export { mapClasses, selectClasses } from './map-classes.js';
export { relabeledPrediction } from './mseg-relabeled.js';
export {
  argmaxClass,
  msegProtocols,
  type TransferOptions,
  transferDecision,
  transferProbabilities,
} from './mseg-transfer.js';
export type { RoleOptions } from './roles.js';
export { type ClassScores, type Scores, type ScoresOptions, scores } from './scores.js';
