export { type MBConvConfig, type MBConvParams, mbConv, mbConvSpec } from './block.js';
export {
  backboneWeights,
  type EfficientNetClassifierParams,
  efficientnetClassifier,
  efficientnetClassifierSpec,
} from './classifier.js';
export {
  type EfficientNetConfig,
  type EfficientNetParams,
  efficientnet,
  efficientnetSpec,
  efficientnetTrains,
  type StageConfig,
} from './efficientnet.js';
export {
  type CompoundScaling,
  efficientnetLite,
  efficientnetMean,
  efficientnetStd,
  efficientnetVariants,
} from './variants.js';
