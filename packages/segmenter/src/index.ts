export { certainty } from '@gss/tensor';
export { type AugmentOptions, fullAugmentation, rescaledSize } from './augment.js';
export { type BackboneName, backboneVariants } from './backbone-variants.js';
export {
  type BackboneConfig,
  type BackboneConfigs,
  type BackboneFamily,
  type BackboneParams,
  backboneChannels,
  backboneFamilies,
  backboneFeatures,
  backboneSpec,
  backboneStage,
  backboneStages,
  backboneTrains,
} from './backbones.js';
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
} from './config.js';
export {
  ask,
  conclude,
  decodeCodes,
  type Forward,
  forward,
  type Generated,
  generate,
  invert,
  labelScale,
  normalize,
  priorSides,
  type Question,
  type Runtime,
  render,
} from './forward.js';
export type { RgbaImage, SegmenterBatch, SegmenterImage } from './images.js';
export {
  type FlipDirection,
  flipMap,
  type InferenceOptions,
  inferLogits,
  inferProbabilities,
  type Preparation,
  restoreSize,
  scoresAreLogits,
} from './inference.js';
export { applyInverse, type InverseConfig, type InverseParams, inverseSpec } from './inverse.js';
export { MissingKernelsError, missingKernels, neededKernels } from './kernels.js';
export { loadSegmenter, loadSegmenterFiles, type ModelFile, modelFiles, openSegmenter } from './load.js';
export {
  classesOfTokens,
  classTable,
  decodesAlone,
  marginalProbabilities,
  marginalScores,
  marginalTable,
} from './marginal.js';
export { createMaskigeCodec, type MaskigeCodec } from './maskige.js';
export { estimateMemory, OutOfMemoryError } from './memory.js';
export {
  countModel,
  learnedInverse,
  type ModelParams,
  modelSpec,
  type NetworkConfig,
  type NetworkParams,
  network,
  networkSpec,
} from './model.js';
export type { Prediction } from './prediction.js';
export { readLabels, readMaskige } from './read.js';
export { type SampleOptions, type Samples, type SampleTokensOptions, sampleTokens } from './sample.js';
export { inputSize } from './scale.js';
export { createSegmenter, type PredictOptions, type Segmenter, type SegmenterOptions } from './segmenter.js';
export { type SlideOptions, slide, windowStarts } from './slide.js';
export { type StorageType, storageTypes, unpackWeights } from './storage.js';
export {
  type LabelInput,
  openTokenizer,
  type TokenizerConfig,
  type TokenizerConfigs,
  type TokenizerFamily,
  type TokenizerParams,
  tokenizerChannels,
  tokenizerFamilies,
  tokenizerMultiple,
  tokenizerSpec,
} from './tokenizers.js';
export { twinHead } from './twin.js';
