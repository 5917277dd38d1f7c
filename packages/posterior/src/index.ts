export { colourise } from './colourise.js';
export {
  type ConvInverseConfig,
  type ConvInverseParams,
  convInverse,
  convInverseSpec,
} from './conv-inverse.js';
export {
  type FtwConfig,
  type FtwParams,
  ftw,
  ftwImage,
  ftwInputs,
  ftwPaper,
  ftwProjection,
  ftwSpec,
  type InverseSides,
} from './ftw.js';
export { type GumbelSoftmaxOptions, hardGumbelSoftmax } from './gumbel-softmax.js';
export { inverseLoss } from './inverse-loss.js';
export { leastSquaresInverse, linearInverse } from './linear-inverse.js';
export { type PaletteBound, type PaletteBoundInput, paletteBound } from './palette-bound.js';
export { type CodeLogits, reconstructThrough } from './reconstruct-through.js';
export { noisyTokens } from './token-noise.js';
export { type PosteriorVariant, type PosteriorVariantName, posteriorVariants } from './variants.js';
