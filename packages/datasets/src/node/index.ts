export { parseClasses, readClassesFile } from './classes-file.js';
export { type ContactSheetOptions, contactSheet } from './contact-sheet.js';
export { decodeImage, defaultMaxPixels } from './decode-image.js';
export { decodeLabel } from './decode-label.js';
export { openFolder, splitNames } from './folder.js';
export {
  type InspectOptions,
  inspectDataset,
  type SampleRecord,
  type VerifyReport,
  verifyDataset,
} from './inspect.js';
export { type NamedDataset, openNamed, openTree } from './named.js';
export { openDataset } from './open-dataset.js';
export { type Pair, type PairDataset, type PairDatasetParts, pairDataset } from './pair-dataset.js';
export { type PrepareOptions, type PrepareReport, prepareDataset, verifyShards } from './prepare.js';
export type { DatasetReport } from './report.js';
export { openShards, readShardIndex, type ShardIndex, type ShardSample } from './shards.js';
