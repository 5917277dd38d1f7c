export {
  type CodebookUsage,
  codebookUsage,
  countTokens,
  createReservoir,
  type Reservoir,
  refuseCollapse,
  restartDeadCodes,
} from './codebook.js';
export {
  type CompactConfig,
  type CompactParams,
  compactDecoder,
  compactEncoder,
  compactSpec,
  compactVariants,
} from './compact/compact.js';
export { type CompactLoss, type CompactLossOptions, compactLoss, paletteCrossEntropy } from './compact/loss.js';
export { compactTokenizer } from './compact/tokenizer.js';
export { type ProceduralMaskConfig, proceduralMask } from './procedural-masks.js';
export { nearestCode, type Quantized, quantize } from './quantize.js';
export { depthToSpace, spaceToDepth } from './shuffle.js';
export { stopGradient, straightThrough } from './stop-gradient.js';
export { padToMultiple, reconstruct, type Tokenizer, type TokenizerOptions } from './tokenizer.js';
