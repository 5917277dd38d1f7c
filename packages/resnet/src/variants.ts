import type { ResNetConfig } from './resnet.js';

const v1c = {
  stemChannels: 64,
  deepStem: true,
  strides: [1, 2, 2, 2],
  dilations: [1, 1, 1, 1],
  contractDilation: false,
} as const;
/** Stages 3 and 4 keep stride 8 and dilate instead, as in the GSS configs. */
const dilated = { ...v1c, strides: [1, 2, 1, 1], dilations: [1, 1, 2, 4], contractDilation: true } as const;
const basic = { block: 'basic', channels: [64, 128, 256, 512] } as const;
const wide = { block: 'bottleneck', channels: [256, 512, 1024, 2048] } as const;

/** Depths of He et al. (2016), with the deep stem of V1c; `-d8` as the GSS configs use them. */
export const resnetVariants = {
  '18': { ...v1c, ...basic, depths: [2, 2, 2, 2] },
  '34': { ...v1c, ...basic, depths: [3, 4, 6, 3] },
  '50': { ...v1c, ...wide, depths: [3, 4, 6, 3] },
  '101': { ...v1c, ...wide, depths: [3, 4, 23, 3] },
  '152': { ...v1c, ...wide, depths: [3, 8, 36, 3] },
  '50-d8': { ...dilated, ...wide, depths: [3, 4, 6, 3] },
  '101-d8': { ...dilated, ...wide, depths: [3, 4, 23, 3] },
} as const satisfies Record<string, ResNetConfig>;
