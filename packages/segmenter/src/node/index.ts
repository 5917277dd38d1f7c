export {
  loadModelFolder,
  loadSegmenterFolder,
  loadTokenizerFolder,
  saveModelFolder,
  saveTokenizerFolder,
} from './folder.js';
export { type PredictedFile, predictFiles, readImage } from './images.js';
export { type PackResult, packFolder } from './pack.js';
export { type PackedTensor, packWeights, storedType } from './pack-weights.js';
