import { conv, convSpec, type ParamsOf, table } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { depthToSpace, spaceToDepth } from '../shuffle.js';

/** Our small VQ-VAE for maskiges: all convolutions run at token resolution, 16 or 64 times fewer positions than pixels. */
export interface CompactConfig {
  /** Image channels: 3 for maskiges. */
  readonly channels: number;
  /** Pixels a token covers along each side, as factors of space-to-depth steps: [4] is d = 1/4, [4, 2] is d = 1/8. */
  readonly factors: readonly number[];
  /** Channels of every hidden map. */
  readonly width: number;
  readonly encoderBlocks: number;
  readonly decoderBlocks: number;
  /** Codes in the codebook. */
  readonly codes: number;
  /** Dimension of a code. */
  readonly codeDim: number;
}

const variant = (config: Partial<CompactConfig>): CompactConfig => ({
  channels: 3,
  factors: [4],
  width: 64,
  encoderBlocks: 1,
  decoderBlocks: 2,
  codes: 512,
  codeDim: 16,
  ...config,
});

export const compactVariants = {
  /** d = 1/4, for the quickstart: trains in under a minute without native code. */
  nano: variant({ width: 48, codes: 512 }),
  /** d = 1/4. */
  small: variant({ width: 96, encoderBlocks: 2, decoderBlocks: 3, codes: 1024 }),
  /** d = 1/8. */
  small8: variant({ factors: [4, 2], width: 96, encoderBlocks: 2, decoderBlocks: 3, codes: 1024, codeDim: 32 }),
} as const satisfies Record<string, CompactConfig>;

const relu = { type: 'kaimingNormal' } as const;
const blockSpec = (width: number) => ({
  conv1: convSpec(3, width, width, relu),
  conv2: convSpec(3, width, width, { type: 'normal', std: 0.1 / Math.sqrt(9 * width) }),
});
const blocksSpec = (count: number, width: number) => Array.from({ length: count }, () => blockSpec(width));

export const downsampleOf = ({ factors }: CompactConfig): number => factors.reduce((d, f) => d * f, 1);

export const compactSpec = (config: CompactConfig) => {
  const { channels, factors, width, encoderBlocks, decoderBlocks, codes, codeDim } = config;
  return {
    encoder: {
      stages: factors.map((f, i) => ({
        down: convSpec(3, f * f * (i === 0 ? channels : width), width, relu),
        blocks: blocksSpec(encoderBlocks, width),
      })),
      head: convSpec(1, width, codeDim),
    },
    codebook: table([codes, codeDim], { type: 'normal', std: 1 / Math.sqrt(codeDim) }),
    decoder: {
      stem: convSpec(3, codeDim, width, relu),
      stages: factors.map((_, i) => ({
        blocks: blocksSpec(decoderBlocks, width),
        up: convSpec(1, width, factors[factors.length - 1 - i]! ** 2 * (i === factors.length - 1 ? channels : width)),
      })),
    },
  };
};
export type CompactParams = ParamsOf<ReturnType<typeof compactSpec>>;

type Block = CompactParams['decoder']['stages'][number]['blocks'][number];

/** x + conv(relu(conv(x))): [B, h, w, width] → [B, h, w, width] */
const residual = (x: tf.Tensor4D, { conv1, conv2 }: Block): tf.Tensor4D =>
  tf.add(x, conv(tf.relu(conv(tf.relu(x), conv1)), conv2));

/** Ê before quantisation: image, [B, H, W, channels] in [0, 1] → [B, H/d, W/d, codeDim]. H and W are multiples of d. */
export function compactEncoder(image: tf.Tensor4D, p: CompactParams['encoder'], config: CompactConfig): tf.Tensor4D {
  return tf.tidy(() => {
    let x = tf.sub(tf.mul(image, 2), 1) as tf.Tensor4D;
    for (const [i, { down, blocks }] of p.stages.entries()) {
      x = conv(spaceToDepth(x, config.factors[i]!), down);
      for (const block of blocks) x = residual(x, block);
    }
    return conv(tf.relu(x), p.head);
  });
}

/** D before its sigmoid: code vectors, [B, h, w, codeDim] → image logits, [B, h·d, w·d, channels]. */
export function compactDecoder(z: tf.Tensor4D, p: CompactParams['decoder'], config: CompactConfig): tf.Tensor4D {
  return tf.tidy(() => {
    let x = conv(z, p.stem);
    for (const [i, { blocks, up }] of p.stages.entries()) {
      for (const block of blocks) x = residual(x, block);
      x = depthToSpace(conv(tf.relu(x), up), config.factors[config.factors.length - 1 - i]!);
    }
    return x;
  });
}
