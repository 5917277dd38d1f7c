import type { HRNetConfig } from './hrnet.js';

/** HRNetV2 of the given width (Sun et al., 2019), modules and blocks as in mmsegmentation's configs. */
const width = (w: number) =>
  ({
    channels: [w, 2 * w, 4 * w, 8 * w],
    first: { blocks: 4, planes: 64 },
    stages: [
      { modules: 1, blocks: [4, 4], channels: [w, 2 * w] },
      { modules: 4, blocks: [4, 4, 4], channels: [w, 2 * w, 4 * w] },
      { modules: 3, blocks: [4, 4, 4, 4], channels: [w, 2 * w, 4 * w, 8 * w] },
    ],
  }) as const satisfies HRNetConfig;

export const hrnetVariants = { W18: width(18), W32: width(32), W48: width(48) } as const;
