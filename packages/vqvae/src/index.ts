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
export { type CodebookKeeper, type KeeperOptions, keepCodebook } from './compact/keeper.js';
export { type CompactLoss, type CompactLossOptions, compactLoss, paletteCrossEntropy } from './compact/loss.js';
export { patchCodebook } from './compact/patch-codebook.js';
export { createPatchCounter, dearestPatches, type PatchCounter } from './compact/patch-counter.js';
export { nearestProduct, type ProductConfig, vocabularyOf } from './compact/product.js';
export { compactTokenizer } from './compact/tokenizer.js';
export { type DvaeBlockParams, decoderBlockSpec, dvaeBlock, encoderBlockSpec } from './dvae/blocks.js';
export { type DvaeConfig, dvaeDownsample, dvaeVariants } from './dvae/config.js';
export {
  type DvaeDecoderParams,
  dvaeDecoder,
  dvaeDecoderSpec,
  embedProbabilities,
  embedTokens,
} from './dvae/decoder.js';
export { type DvaeEncoderParams, dvaeEncoder, dvaeEncoderSpec } from './dvae/encoder.js';
export {
  cosineAnneal,
  type DvaeLoss,
  type DvaeLossOptions,
  type DvaeScheduleOptions,
  dvaeLoss,
  dvaeSchedule,
  gumbelSoftmax,
  klToUniform,
  logitLaplaceLoss,
} from './dvae/loss.js';
export { dvaeImage, mapPixels, unmapPixels } from './dvae/pixels.js';
export {
  type DvaeTiles,
  decoderHalos,
  dvaeDecoderTiled,
  dvaeEncoderTiled,
  dvaeTilesFor,
  type Region,
  type Span,
} from './dvae/tiles.js';
export { type DvaeParams, dvaeSpec, dvaeTokenizer } from './dvae/tokenizer.js';
export { fillUnlabelled } from './fill-unlabelled.js';
export { compactFlops, dvaeFlops, type TokenizerFlops, uvimFlops, vqganFlops } from './flops.js';
export { type ProceduralMaskConfig, proceduralMask } from './procedural-masks.js';
export { nearestCode, type Quantized, quantize } from './quantize.js';
export { depthToSpace, spaceToDepth } from './shuffle.js';
export { stopGradient, straightThrough } from './stop-gradient.js';
export { padToMultiple, reconstruct, type Tokenizer, type TokenizerOptions } from './tokenizer.js';
export {
  type DictionaryOptions,
  splitMostFrequent,
  type UvimDictionary,
  updateDictionary,
} from './uvim/dictionary.js';
export { fromFlax } from './uvim/flax.js';
export { antialiasedMatrix, fromPatches, joinTiles, toPatches, toTiles } from './uvim/grid.js';
export { codeDropout, type UvimLoss, type UvimLossOptions, uvimLoss } from './uvim/loss.js';
export {
  codewords,
  type UvimCode,
  type UvimConfig,
  type UvimParams,
  uvimDecoder,
  uvimEncoder,
  uvimQuantize,
  uvimSpec,
  uvimVariants,
} from './uvim/stage1.js';
export {
  nextCodeLoss,
  type UvimLanguageConfig,
  type UvimLanguageParams,
  uvimGreedyCodes,
  uvimLanguageDecoder,
  uvimLanguageEncoder,
  uvimLanguageSpec,
} from './uvim/stage2.js';
export { uvimContext, uvimTokenizer } from './uvim/tokenizer.js';
export { type VqganConfig, vqganDownsample, vqganVariants } from './vqgan/config.js';
export {
  type DiscriminatorConfig,
  type DiscriminatorParams,
  discriminator,
  discriminatorSpec,
  hingeLoss,
} from './vqgan/discriminator.js';
export {
  type AdversarialInput,
  type Adversary,
  discriminatorLoss,
  type VqganLoss,
  type VqganLossConfig,
  type VqganLossInput,
  vectorQuantizer2Loss,
  vqganAdaptiveWeight,
  vqganFake,
  vqganLoss,
} from './vqgan/loss.js';
export { fromTorchvisionVgg, type LpipsParams, lpips, lpipsSpec } from './vqgan/lpips.js';
export {
  type VqganParams,
  vqganDecoder,
  vqganEncoder,
  vqganLatent,
  vqganReconstruction,
  vqganSpec,
} from './vqgan/model.js';
export { vqganTokenizer } from './vqgan/tokenizer.js';
