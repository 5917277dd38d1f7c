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
export type { DatasetSource, FolderSource, ReadOptions } from './source.js';
export type { SegmentationDataset } from './types.js';
export { type ClassInfo, ignoreIndex, type LabelMap, type Rgb, type RgbImage, type Sample } from './types.js';
