export { type SwinBlockConfig, type SwinBlockParams, swinBlock, swinBlockSpec } from './block.js';
export { type SwinBlocksConfig, type SwinBlocksParams, swinBlocks, swinBlocksSpec } from './blocks.js';
export { fromMicrosoft, fromTimm } from './from-microsoft.js';
export {
  type ConvStemConfig,
  type ConvStemParams,
  convStem,
  convStemSpec,
  type PatchEmbedConfig,
  type PatchEmbedParams,
  patchEmbed,
  patchEmbedSpec,
} from './patch-embed.js';
export {
  type ConvMergingParams,
  convMerging,
  convMergingSpec,
  type PatchMergingConfig,
  type PatchMergingParams,
  patchMerging,
  patchMergingSpec,
} from './patch-merging.js';
export { fitWindow, resizePositionTable } from './position-table.js';
export { dropPathRates, type SwinConfig, type SwinParams, swin, swinSpec, swinTrains } from './swin.js';
export { swinVariants } from './variants.js';
