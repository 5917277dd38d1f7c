// Kernels for training on tfjs' wasm backend. They work in place on that backend's memory, which is imported; they
// allocate nothing, keep no static data (it would overwrite the backend's) and take all sizes as arguments.
export { convFilterGradient, convInputGradient } from './conv';
export { depthwiseGradient } from './depthwise';
export { batchedGemm } from './gemm';
export { setConvolution } from './im2col';
export { maxPoolGradient } from './pool';
export { segmentSum } from './segment';
export { transpose2d } from './transpose';
