import { conv, convSpec, type ParamsOf, relu, table } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { depthToSpace, spaceToDepth } from '../shuffle.js';
import { cosineAnalysis, cosineSynthesis } from './cosine.js';
import { vocabularyOf } from './product.js';

/** Our small VQ-VAE for maskiges: every convolution runs at token resolution, 16 or 64 times fewer positions than pixels. */
export interface CompactConfig {
  /** Image channels: 3 for maskiges. */
  readonly channels: number;
  /** Pixels a token covers along each side. */
  readonly downsample: number;
  /** Channels of the trunk. With d² · channels and as many of a code, a fresh model loses nothing but what its codebook lacks. */
  readonly width: number;
  /** Channels inside a residual block. */
  readonly hidden: number;
  readonly encoderBlocks: number;
  readonly decoderBlocks: number;
  /** Codes in the codebook, of each group. */
  readonly codes: number;
  /** Dimension of a code. */
  readonly codeDim: number;
  /** Parts of a code with a codebook each, `ProductConfig`. Default 1. */
  readonly groups?: number;
}

const variant = (config: Partial<CompactConfig>): CompactConfig => ({
  channels: 3,
  downsample: 4,
  width: 48,
  hidden: 32,
  encoderBlocks: 1,
  decoderBlocks: 2,
  codes: 1024,
  codeDim: 48,
  ...config,
});

export const compactVariants = {
  /** d = 1/4, for the quickstart and browsers: trains in a minute without native code. */
  nano: variant({}),
  /** d = 1/4, no convolution over tokens: a codebook of label squares, each drawn from its token alone, as marginal decoding needs. */
  squares: variant({ encoderBlocks: 0, decoderBlocks: 0 }),
  /** d = 1/4, the best ceiling. */
  small: variant({ hidden: 96, encoderBlocks: 2, decoderBlocks: 4, codes: 4096 }),
  /** d = 1/8: a quarter of the tokens. */
  small8: variant({
    downsample: 8,
    width: 192,
    hidden: 64,
    encoderBlocks: 1,
    decoderBlocks: 3,
    codes: 4096,
    codeDim: 192,
  }),
} as const satisfies Record<string, CompactConfig>;

/** The branch starts at zero, so that a fresh model is exactly its linear trunk. */
const blockSpec = (width: number, hidden: number) => ({
  conv1: convSpec(3, width, hidden, { type: 'kaimingNormal' }),
  conv2: convSpec(3, hidden, width, { type: 'zeros' }),
});
const blocksSpec = (count: number, width: number, hidden: number) =>
  Array.from({ length: count }, () => blockSpec(width, hidden));

/**
 * A fresh model is a cosine transform of each d × d square cut to `codeDim` coefficients, and back: with a codebook made
 * of the data's own squares (`dearestPatches`) it reconstructs before any training, which then adds the neighbourhood.
 */
export const compactSpec = ({
  channels,
  downsample,
  width,
  hidden,
  encoderBlocks,
  decoderBlocks,
  codes,
  codeDim,
  groups = 1,
}: CompactConfig) => {
  vocabularyOf({ codes, codeDim, groups });
  const patch = downsample ** 2 * channels;
  const select = (inputs: number, outputs: number, values: () => Float32Array) =>
    convSpec(1, inputs, outputs, { type: 'values', values });
  return {
    encoder: {
      down: select(patch, width, () => cosineAnalysis(downsample, channels, width)),
      blocks: blocksSpec(encoderBlocks, width, hidden),
      head: select(width, codeDim, () => firstChannels(width, codeDim)),
    },
    codebook: table([groups * codes, codeDim / groups], { type: 'normal', std: 0.3 }),
    decoder: {
      stem: select(codeDim, width, () => firstChannels(codeDim, width)),
      blocks: blocksSpec(decoderBlocks, width, hidden),
      up: select(width, patch, () => cosineSynthesis(downsample, channels, width)),
    },
  };
};
export type CompactParams = ParamsOf<ReturnType<typeof compactSpec>>;

/** A kernel [1, 1, inputs, outputs] that copies channel i to channel i. */
function firstChannels(inputs: number, outputs: number): Float32Array {
  const values = new Float32Array(inputs * outputs);
  for (let i = 0; i < Math.min(inputs, outputs); i++) values[i * outputs + i] = 1;
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
