export { msegMix } from './mix.js';
export {
  coloredByUniversal,
  type MSegClasses,
  type MSegTestSet,
  type MSegTrainSet,
  msegTable,
  testSetClasses,
  universalClassesAbsent,
} from './sets.js';
export { type MSegTestSetName, msegTestSets } from './test-sets.js';
export { type MSegTrainSetName, msegTrainSets } from './train-sets.js';
export { msegUniversalClasses } from './universal.js';
