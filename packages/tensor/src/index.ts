export { ShapeError, WeightsError, type WeightsProblem } from './errors.js';
export { type AdamWState, type FusedKernel, fusedAdamW, fusedSumOfSquares, hasFused } from './kernels/fused.js';
export { dropout2d, dropPath, dropPathWith, gelu, relu, silu } from './layers/activation.js';
export { certainty } from './layers/certainty.js';
export {
  type ConvOptions,
  type ConvParams,
  conv,
  conv2d,
  convNoBiasSpec,
  convSpec,
  depthwiseConv2d,
  pad2d,
} from './layers/conv.js';
export { convArgMax } from './layers/conv-arg-max.js';
export { convBatchNorm } from './layers/conv-norm.js';
export { crossEntropyRows } from './layers/cross-entropy.js';
export { foldNorm, foldNorms } from './layers/fold-norms.js';
export { type LinearParams, linear, linearNoBiasSpec, linearSpec } from './layers/linear.js';
export { logSumExp } from './layers/log-sum-exp.js';
export {
  type AffineParams,
  type BatchNormOptions,
  type BatchNormParams,
  batchNorm,
  batchNormSpec,
  type FoldedNorm,
  groupNorm,
  groupNormSpec,
  isFolded,
  layerNorm,
  layerNormSpec,
} from './layers/norm.js';
export { relu6 } from './layers/relu6.js';
export {
  type BasicBlockParams,
  type BottleneckParams,
  basicBlock,
  basicBlockSpec,
  bottleneck,
  bottleneckExpansion,
  bottleneckSpec,
  type ResidualConfig,
} from './layers/residual.js';
export { interpolationMatrix, type ResizeOptions, resize } from './layers/resize.js';
export {
  relativePositionIndex,
  roll2d,
  type ShiftedWindowConfig,
  shiftedWindowAttention,
  shiftMask,
  type WindowAttentionConfig,
  type WindowAttentionParams,
  type WindowSize,
  windowAttention,
  windowAttentionSpec,
  windowPartition,
  windowReverse,
} from './layers/window.js';
export { storedShape } from './layout.js';
export { createRng, hash32, type Rng, type RngState, restoreRng } from './rng.js';
export { sizes } from './shape.js';
export {
  buffer,
  countParams,
  depthwise,
  type Initializer,
  isLeaf,
  kernel,
  type Leaf,
  type LeafKind,
  leafSize,
  leavesOf,
  matrix,
  type NormPlace,
  type ParamsOf,
  type Spec,
  type Tree,
  table,
  vector,
} from './spec.js';
export { type DType, type StoredTensor, storedToFloat32, storedToInt32 } from './stored.js';
export { createTraining, discardStatistics, type Training, withStatistics } from './training.js';
export { disposeTree, mapSpec, mapTree, namedTensors } from './tree.js';
export { frozen, initParams, loadParams, stateDict, tensorsOf, trainable, variablesOf } from './weights.js';
