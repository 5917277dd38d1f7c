export { type DesignOptions, designPalette, smallestDistance } from './design.js';
export { type RefineOptions, refine, refinedPalette } from './refined.js';
export {
  additiveFactorPalette,
  arithmeticPalette,
  channelCounts,
  type JitterOptions,
  misalignedPalette,
  type Range,
  type ReferenceGenerator,
  randomPalette,
  referenceGenerators,
  referencePalette,
} from './sequences.js';
export { type ColorSpace, cielab, oklab } from './spaces.js';
