export {
  loadModelFolder,
  loadSegmenterFolder,
  loadTokenizerFolder,
  saveModelFolder,
  saveTokenizerFolder,
} from './folder.js';
