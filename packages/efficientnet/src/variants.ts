import type { EfficientNetConfig, StageConfig } from './efficientnet.js';

/** Lite0's stages: repeats, kernel, stride, expansion, channels (Tan & Le 2019, Table 1). */
const baseline = [
  [1, 3, 1, 1, 16],
  [2, 3, 2, 6, 24],
  [2, 5, 2, 6, 40],
  [3, 3, 2, 6, 80],
  [3, 5, 1, 6, 112],
  [4, 5, 2, 6, 192],
  [1, 3, 1, 6, 320],
] as const;

/** To a multiple of 8, and never down by more than a tenth. */
function roundChannels(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

export interface CompoundScaling {
  /** Factor of all channels but the stem's and the head's. */
  readonly width: number;
  /** Factor of the repeats, rounded up, of all stages but the first and the last. */
  readonly depth: number;
}

/**
 * The Lite network of compound scaling (w, d): also for sizes that no checkpoint has, for instance width 0.5 for a
 * small model that is trained from nothing.
 */
export function efficientnetLite({ width, depth }: CompoundScaling): EfficientNetConfig {
  const stages = baseline.map(([repeats, kernel, stride, expand, channels], i): StageConfig => {
    const end = i === 0 || i === baseline.length - 1;
    return {
      repeats: end ? repeats : Math.ceil(depth * repeats),
      kernel,
      stride,
      expand,
      channels: roundChannels(width * channels),
    };
  });
  const channels = [1, 2, 4, 6].map((i) => stages[i]!.channels);
  return { channels, stemChannels: 32, stages, headChannels: 1280, dropPath: 0.2 };
}

/** The sizes that trained weights exist for: `gss weights fetch efficientnet-lite0`. */
export const efficientnetVariants = {
  lite0: efficientnetLite({ width: 1, depth: 1 }),
  lite1: efficientnetLite({ width: 1, depth: 1.1 }),
  lite2: efficientnetLite({ width: 1.1, depth: 1.2 }),
} as const satisfies Record<string, EfficientNetConfig>;

/** What the checkpoints were trained with: pixel values 0..255 become (value − mean) / std. */
export const efficientnetMean = [127, 127, 127] as const;
export const efficientnetStd = [128, 128, 128] as const;
