export { addToConfusion, type Confusion, type ConfusionOptions, createConfusion, mergeConfusion } from './confusion.js';
export type { LabelArray, LabelMap, Labels } from './labels.js';
export { type ClassScores, type Scores, type ScoresOptions, scores } from './scores.js';
