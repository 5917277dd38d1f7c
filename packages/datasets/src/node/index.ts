export { parseClasses, readClassesFile } from './classes-file.js';
export { decodeImage, defaultMaxPixels } from './decode-image.js';
export { decodeLabel } from './decode-label.js';
export { openFolder, splitNames } from './folder.js';
export { openDataset } from './open-dataset.js';
export { type Pair, type PairDataset, type PairDatasetParts, pairDataset } from './pair-dataset.js';
