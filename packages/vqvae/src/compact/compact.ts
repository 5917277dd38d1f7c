import { conv, convSpec, type ParamsOf, relu, table } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { depthToSpace, spaceToDepth } from '../shuffle.js';
import { cosineAnalysis, cosineSynthesis } from './cosine.js';

/** Our small VQ-VAE for maskiges: every convolution runs at token resolution, 16 or 64 times fewer positions than pixels. */
export interface CompactConfig {
  /** Image channels: 3 for maskiges. */
  readonly channels: number;
  /** Pixels a token covers along each side. */
  readonly downsample: number;
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
  downsample: 4,
  width: 32,
  encoderBlocks: 1,
  decoderBlocks: 2,
  codes: 1024,
  codeDim: 24,
  ...config,
});

export const compactVariants = {
  /** d = 1/4, for the quickstart: trains in under a minute without native code. */
  nano: variant({}),
  /** d = 1/4. */
  small: variant({ width: 96, encoderBlocks: 2, decoderBlocks: 4 }),
  /** d = 1/8. */
  small8: variant({ downsample: 8, width: 96, encoderBlocks: 2, decoderBlocks: 4, codeDim: 48 }),
} as const satisfies Record<string, CompactConfig>;

/** The branch starts at zero, so that a fresh model is exactly its linear trunk. */
const blockSpec = (width: number) => ({
  conv1: convSpec(3, width, width, { type: 'kaimingNormal' }),
  conv2: convSpec(3, width, width, { type: 'zeros' }),
});
const blocksSpec = (count: number, width: number) => Array.from({ length: count }, () => blockSpec(width));

/**
 * A fresh model is a cosine transform of each d × d square cut to `codeDim` coefficients, and back: with a codebook seeded
 * from data (`restartDeadCodes` with every code dead) it already reconstructs like k-means on patches, and training
 * only has to improve on that.
 */
export const compactSpec = ({
  channels,
  downsample,
  width,
  encoderBlocks,
  decoderBlocks,
  codes,
  codeDim,
}: CompactConfig) => {
  const patch = downsample ** 2 * channels;
  const select = (size: number, inputs: number, outputs: number, values: () => Float32Array) =>
    convSpec(size, inputs, outputs, { type: 'values', values });
  return {
    encoder: {
      down: select(3, patch, width, () => cosineAnalysis(3, downsample, channels, width)),
      blocks: blocksSpec(encoderBlocks, width),
      head: select(1, width, codeDim, () => firstChannels(1, width, codeDim)),
    },
    codebook: table([codes, codeDim], { type: 'normal', std: 0.3 }),
    decoder: {
      stem: select(3, codeDim, width, () => firstChannels(3, codeDim, width)),
      blocks: blocksSpec(decoderBlocks, width),
      up: select(1, width, patch, () => cosineSynthesis(downsample, channels, width)),
    },
  };
};
export type CompactParams = ParamsOf<ReturnType<typeof compactSpec>>;

/** A kernel [size, size, inputs, outputs] whose centre copies channel i to channel i. */
function firstChannels(size: number, inputs: number, outputs: number): Float32Array {
  const values = new Float32Array(size * size * inputs * outputs);
  const centre = ((size * size - 1) / 2) * inputs * outputs;
  for (let i = 0; i < Math.min(inputs, outputs); i++) values[centre + i * outputs + i] = 1;
  return values;
}

type Block = CompactParams['decoder']['blocks'][number];

/** x + conv(relu(conv(relu(x)))): [B, h, w, width] → [B, h, w, width] */
const residual = (x: tf.Tensor4D, { conv1, conv2 }: Block): tf.Tensor4D =>
  tf.add(x, conv(relu(conv(relu(x), conv1)), conv2));

/** Ê before quantisation: image, [B, H, W, channels] in [0, 1] → [B, H/d, W/d, codeDim]. H and W are multiples of d. */
export function compactEncoder(image: tf.Tensor4D, p: CompactParams['encoder'], config: CompactConfig): tf.Tensor4D {
  return tf.tidy(() => {
    const patches = spaceToDepth(tf.sub(tf.mul(image, 2), 1), config.downsample); // [B, h, w, d²·channels]
    return conv(p.blocks.reduce(residual, conv(patches, p.down)), p.head);
  });
}

/** D: code vectors, [B, h, w, codeDim] → image, [B, h·d, w·d, channels], about [0, 1] but not cut to it. */
export function compactDecoder(z: tf.Tensor4D, p: CompactParams['decoder'], config: CompactConfig): tf.Tensor4D {
  return tf.tidy(() => {
    const patches = conv(p.blocks.reduce(residual, conv(z, p.stem)), p.up); // [B, h, w, d²·channels]
    return tf.mul(tf.add(depthToSpace(patches, config.downsample), 1), 0.5);
  });
}
