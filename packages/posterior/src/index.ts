export { colourise } from './colourise.js';
export {
  type ConvInverseConfig,
  type ConvInverseParams,
  convInverse,
  convInverseSpec,
} from './conv-inverse.js';
export { type FtwConfig, type FtwParams, ftw, ftwPaper, ftwProjection, ftwSpec } from './ftw.js';
export { type GumbelSoftmaxOptions, hardGumbelSoftmax } from './gumbel-softmax.js';
