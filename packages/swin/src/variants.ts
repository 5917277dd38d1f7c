import type { SwinConfig } from './swin.js';

const doubling = (dim: number) => [dim, 2 * dim, 4 * dim, 8 * dim] as const;

/**
 * Sizes of the paper (Liu et al., 2021, §3.3) with the window, position and drop path settings of their mmsegmentation
 * configs, and two sizes of ours that train from scratch on a CPU.
 */
export const swinVariants = {
  nano: {
    channels: [32, 64, 96, 128],
    depths: [1, 1, 2, 1],
    heads: [1, 2, 3, 4],
    window: 7,
    mlpRatio: 2,
    dropPath: 0,
    stem: 'conv',
  },
  tiny: {
    channels: [48, 96, 192, 256],
    depths: [2, 2, 4, 2],
    heads: [2, 4, 6, 8],
    window: 7,
    mlpRatio: 4,
    dropPath: 0.1,
    stem: 'conv',
  },
  T: { channels: doubling(96), depths: [2, 2, 6, 2], heads: [3, 6, 12, 24], window: 7, mlpRatio: 4, dropPath: 0.3 },
  S: { channels: doubling(96), depths: [2, 2, 18, 2], heads: [3, 6, 12, 24], window: 7, mlpRatio: 4, dropPath: 0.3 },
  B: { channels: doubling(128), depths: [2, 2, 18, 2], heads: [4, 8, 16, 32], window: 12, mlpRatio: 4, dropPath: 0.3 },
  L: { channels: doubling(192), depths: [2, 2, 18, 2], heads: [6, 12, 24, 48], window: 12, mlpRatio: 4, dropPath: 0.3 },
} as const satisfies Record<string, SwinConfig>;
