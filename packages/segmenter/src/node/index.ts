export {
  loadModelFolder,
  loadSegmenterFolder,
  loadTokenizerFolder,
  saveModelFolder,
  saveTokenizerFolder,
} from './folder.js';
export { type PackResult, packFolder } from './pack.js';
