export { DatasetError, type DatasetProblem } from './errors.js';
export {
  applyLabelTable,
  compileLabelTable,
  describeIds,
  findUnknownIds,
  identityTable,
  type LabelTable,
  maxClasses,
  reduceZeroTable,
  tableFromIds,
  type UnknownId,
} from './label-table.js';
export { createRandom, type Random } from './random.js';
export type { DatasetSource, FolderSource, ReadOptions, SyntheticStreetsSource } from './source.js';
export { syntheticStreetsClasses } from './streets/classes.js';
export { trainColourClassifier } from './streets/colour-classifier.js';
export { renderStreetScene, type StreetSceneOptions } from './streets/render.js';
export { syntheticStreets } from './streets/synthetic-streets.js';
export type { SegmentationDataset } from './types.js';
export { type ClassInfo, ignoreIndex, type LabelMap, type Rgb, type RgbImage, type Sample } from './types.js';
