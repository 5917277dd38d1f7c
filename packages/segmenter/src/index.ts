export {
  type GssModelConfig,
  type GssTokenizerConfig,
  type InferenceConfig,
  imageNetMean,
  imageNetStd,
  type MaskigeConfig,
  ModelConfigError,
  parseModelConfig,
  parseTokenizerConfig,
  type TokenizerConfig,
} from './config.js';
export { certainty, type Forward, forward, normalize, type Runtime } from './forward.js';
export {
  type FlipDirection,
  flipMap,
  type InferenceOptions,
  inferLogits,
  inferProbabilities,
  type Preparation,
  restoreSize,
} from './inference.js';
export { loadSegmenter, loadSegmenterFiles, modelFiles, openSegmenter } from './load.js';
export { createMaskigeCodec, type MaskigeCodec } from './maskige.js';
export {
  countModel,
  type ModelParams,
  modelSpec,
  type NetworkParams,
  network,
  networkSpec,
  openTokenizer,
  type TokenizerParams,
  tokenizerSpec,
} from './model.js';
export { createSegmenter, type Prediction, type PredictOptions, type Segmenter } from './segmenter.js';
export { type SlideOptions, slide, windowStarts } from './slide.js';
