import type { PriorConfig } from './prior.js';

/** A prior without what the backbone, the tokenizer and the data set decide. */
export type PriorVariant = Omit<PriorConfig, 'features' | 'classes' | 'vocabulary'>;

const paper = {
  inIndex: [1, 0, 2, 3],
  tokenLevel: 0,
  channels: 384,
  tokenChannels: 512,
  classifierChannels: 2048,
  depth: 2,
  heads: 16,
  window: 7,
  tokenDropout: 0.1,
  auxiliary: 'separate',
} as const satisfies PriorVariant;

const nano = {
  inIndex: [1, 0, 2, 3],
  tokenLevel: 0,
  channels: 32,
  tokenChannels: 64,
  classifierChannels: 128,
  depth: 1,
  heads: 4,
  window: 7,
  tokenDropout: 0,
  auxiliary: 'shared',
} as const satisfies PriorVariant;

const tiny = { ...nano, channels: 64, tokenChannels: 128, classifierChannels: 256, depth: 2 } as const;

/**
 * The paper's heads (Swin: D = 2, ResNet: D = 6, HRNet: D = 6 and a shared fusion), the rows of its Table 3, and
 * three sizes of ours.
 */
export const priorVariants = {
  nano,
  tiny,
  small: { ...tiny, channels: 128, tokenChannels: 256, classifierChannels: 512, heads: 8, tokenDropout: 0.1 },
  swin: paper,
  resnet: { ...paper, depth: 6 },
  hrnet: { ...paper, depth: 6, auxiliary: 'shared' },
  /** The Swin configuration for MSeg. */
  'swin-shared': { ...paper, auxiliary: 'shared' },
  /** Table 3, first row: d = 1/8 from the coarsest map alone, no auxiliary head, no Swin blocks. */
  'table-3-baseline': { ...paper, inIndex: [3], tokenLevel: 1, depth: 0, auxiliary: 'none' },
  'table-3-auxiliary': { ...paper, inIndex: [3], tokenLevel: 1, depth: 0 },
  'table-3-quarter': { ...paper, inIndex: [3], depth: 0 },
  /** One shot of the coarsest map at its own size: what appendix H has predict UViM's guiding codes. */
  uvim: { ...paper, inIndex: [3], tokenLevel: 3, depth: 0, auxiliary: 'none' },
  /** The same three steps at our smallest size; the fourth is `nano`. */
  'nano-baseline': { ...nano, inIndex: [3], tokenLevel: 1, depth: 0, auxiliary: 'none' },
  'nano-auxiliary': { ...nano, inIndex: [3], tokenLevel: 1, depth: 0 },
  'nano-quarter': { ...nano, inIndex: [3], depth: 0 },
} as const satisfies Record<string, PriorVariant>;
