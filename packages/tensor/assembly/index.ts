// Kernels for training on tfjs' wasm backend. They work in place on that backend's memory, which is imported; they
// allocate nothing, keep no static data (it would overwrite the backend's) and take all sizes as arguments.
export { windowAttention, windowAttentionGradient } from './attention';
export { classify } from './classify';
export { convFilterGradient, convInputGradient } from './conv';
export { depthwiseGradient } from './depthwise';
export {
  adamw,
  boolFromWord,
  erf,
  exp,
  floatFromBool,
  floatFromInt,
  gelu,
  geluGradient,
  log,
  reluGradient,
} from './elementwise';
export { batchedGemm } from './gemm';
export { setConvolution } from './im2col';
export { copyStrided, gatherRows } from './movement';
export { batchNorm, batchNormGradient, layerNorm, layerNormGradient } from './norm';
export { maxPoolGradient } from './pool';
export { reduceSum } from './reduce';
export { segmentSum } from './segment';
export { certainty, crossEntropy, crossEntropyGradient } from './softmax';
// Exported so that the compiler keeps them functions of their own: inlined, their inner loops run out of registers.
export { tile4x4, tile4x8 } from './tile';
