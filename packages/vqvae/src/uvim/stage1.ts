import { buffer, type Initializer, type ParamsOf, ShapeError, table } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { nearestCode } from '../quantize.js';
import { straightThrough } from '../stop-gradient.js';
import { lookUp } from '../tokenizer.js';
import {
  dense,
  denseSpec,
  sincosPositions,
  type VitConfig,
  type VitEncoderParams,
  vitEncoder,
  vitEncoderSpec,
} from './flax.js';
import { mixPositions, resizeGrid } from './grid.js';

/** UViM's stage I: a ViT autoencoder of K-channel maps through a guiding code; names of its arguments in parentheses. */
export interface UvimConfig {
  /** Classes K of the one-hot maps, or with `pixels` the channels of the image. */
  readonly classes: number;
  /** What the decoder gives: a `logit` per class as the reference's, or `pixels` of a maskige (ours). Default logits. */
  readonly output?: 'logits' | 'pixels';
  /** Height and width of maps and side images (input_size). */
  readonly inputSize: readonly [number, number];
  /** (patch_size) */
  readonly patchSize: readonly [number, number];
  readonly width: number;
  /** (num_heads) */
  readonly heads: number;
  /** Hidden channels of the MLPs (mlp_dim). */
  readonly hidden: number;
  /** (enc_depth, dec_depth) */
  readonly encoderDepth: number;
  readonly decoderDepth: number;
  /** Tokens of the guiding code (code_len). */
  readonly codeLength: number;
  /** (dict_size) */
  readonly codes: number;
  /** (codeword_dim) */
  readonly codeDim: number;
  /** Whether the code is the map resized to a square grid, or learned mixtures of positions (bottleneck_resize). */
  readonly bottleneckResize: boolean;
  /** Whether the halves see the image (with_encoder_ctx, with_decoder_ctx). */
  readonly encoderContext: boolean;
  readonly decoderContext: boolean;
  /** (posemb) */
  readonly positions: 'learn' | 'sincos2d';
}

export const uvimVariants = {
  /** The panoptic model of the reference: a code of 256 tokens for 512². */
  base: {
    classes: 133,
    inputSize: [512, 512],
    patchSize: [16, 16],
    width: 768,
    heads: 12,
    hidden: 3072,
    encoderDepth: 6,
    decoderDepth: 12,
    codeLength: 256,
    codes: 4096,
    codeDim: 768,
    bottleneckResize: true,
    encoderContext: true,
    decoderContext: true,
    positions: 'sincos2d',
  },
  /** Trains on a CPU: 64 tokens for 64². */
  nano: {
    classes: 13,
    inputSize: [64, 64],
    patchSize: [4, 4],
    width: 64,
    heads: 4,
    hidden: 128,
    encoderDepth: 1,
    decoderDepth: 2,
    codeLength: 64,
    codes: 256,
    codeDim: 16,
    bottleneckResize: true,
    encoderContext: true,
    decoderContext: true,
    positions: 'sincos2d',
  },
} as const satisfies Record<string, UvimConfig>;

export const gridOf = ({ inputSize, patchSize }: UvimConfig): [number, number] => [
  Math.floor(inputSize[0] / patchSize[0]),
  Math.floor(inputSize[1] / patchSize[1]),
];

/** Side of the square grid of the code. */
export const codeSide = ({ codeLength }: UvimConfig): number => Math.round(Math.sqrt(codeLength));

const vitOf = ({ width, heads, hidden }: UvimConfig, depth: number): VitConfig => ({ width, heads, hidden, depth });

/** Parameters named as in big_vision's uvim/vit.py (slashes as dots), and the codebook's state beside them. */
export const uvimSpec = (config: UvimConfig) => {
  const { classes, patchSize, width, codeLength, codes, codeDim } = config;
  const positions = gridOf(config)[0] * gridOf(config)[1];
  const pixels = patchSize[0] * patchSize[1];
  const mixing = (a: number, b: number) => {
    const init: Initializer = { type: 'uniform', bound: Math.sqrt(6 / (a + b)) };
    return table<tf.Rank.R2>([a, b], init);
  };
  const learned = () => table<tf.Rank.R3>([1, positions, width], { type: 'normal', std: 1 / Math.sqrt(width) });
  const context = () => denseSpec([...patchSize, 3], [width]);
  return {
    params: {
      embedding_semantics: denseSpec([classes, pixels], [width]),
      head_semantics: denseSpec([width], [classes, pixels], { type: 'zeros' }),
      ...(config.encoderContext ? { ctx_enc_embedding: context() } : {}),
      ...(config.decoderContext ? { ctx_dec_embedding: context() } : {}),
      ...(config.positions === 'learn' ? { pos_embedding_encoder: learned(), pos_embedding_decoder: learned() } : {}),
      encoder: vitEncoderSpec(vitOf(config, config.encoderDepth)),
      decoder: vitEncoderSpec(vitOf(config, config.decoderDepth)),
      ...(config.bottleneckResize
        ? {}
        : { bottleneck_downsample: mixing(positions, codeLength), bottleneck_upsample: mixing(codeLength, positions) }),
      encoder_head: denseSpec([width], [codeDim]),
      decoder_stem: denseSpec([codeDim], [width]),
    },
    state: {
      dictionary: buffer<tf.Rank.R2>([codes, codeDim], { type: 'normal', std: 1 / Math.sqrt(codes) }),
      counts: buffer<tf.Rank.R1>([codes], { type: 'ones' }),
    },
  };
};
export type UvimParams = ParamsOf<ReturnType<typeof uvimSpec>>;

/** Codewords of unit length: Σ vectors / counts, normalised. [codes, codeDim] */
export function codewords({ dictionary, counts }: UvimParams['state']): tf.Tensor2D {
  return tf.tidy(() => {
    const means = tf.div(dictionary, tf.expandDims(counts, 1));
    return tf.div(means, tf.norm(means, 'euclidean', 1, true)) as tf.Tensor2D;
  });
}

/** A convolution of stride = size, as one product: image [B, H, W, 3] → [B, nH · nW, width]. */
function embedImage(image: tf.Tensor4D, p: ParamsOf<ReturnType<typeof denseSpec>>, [h, w]: readonly [number, number]) {
  const [B, H, W, C] = image.shape;
  const grid = tf.reshape(image, [B, H / h, h, W / w, w, C]);
  const patches = tf.reshape(tf.transpose(grid, [0, 1, 3, 2, 4, 5]), [B, (H / h) * (W / w), h, w, C]);
  return dense(patches, p, 3) as tf.Tensor3D;
}

function withContext(
  x: tf.Tensor3D,
  image: tf.Tensor4D | undefined,
  p: ParamsOf<ReturnType<typeof denseSpec>> | undefined,
  { inputSize, patchSize }: UvimConfig,
): tf.Tensor3D {
  if (!p) return x;
  if (image?.shape.slice(1).join() !== [...inputSize, 3].join()) {
    throw new ShapeError('uvim', `a side image [B, ${inputSize.join(', ')}, 3]`, image ? image.shape : 'none');
  }
  return tf.add(x, embedImage(image, p, patchSize)) as tf.Tensor3D;
}

const positionsOf = (learned: tf.Tensor3D | undefined, config: UvimConfig): tf.Tensor3D =>
  learned ?? sincosPositions(gridOf(config), config.width);

/** (x − mean) / √(variance + 1e-5) over channels. */
function standardize(x: tf.Tensor3D): tf.Tensor3D {
  const { mean, variance } = tf.moments(x, 2, true);
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))) as tf.Tensor3D;
}

/**
 * The bottleneck before quantisation: patches of a one-hot map (`toPatches`), [B, N, K, pixels], and the image it is of →
 * [B, codeLength, codeDim].
 */
export function uvimEncoder(
  patches: tf.Tensor4D,
  { params: p }: UvimParams,
  config: UvimConfig,
  image?: tf.Tensor4D,
): tf.Tensor3D {
  return tf.tidy(() => {
    const embedded = withContext(
      dense(patches, p.embedding_semantics, 2) as tf.Tensor3D,
      image,
      p.ctx_enc_embedding,
      config,
    );
    const placed = tf.add(embedded, positionsOf(p.pos_embedding_encoder, config)) as tf.Tensor3D;
    const encoded = vitEncoder(placed, p.encoder as VitEncoderParams, vitOf(config, config.encoderDepth));
    const side = codeSide(config);
    const short = p.bottleneck_downsample
      ? mixPositions(encoded, p.bottleneck_downsample)
      : resizeGrid(encoded, gridOf(config), [side, side]);
    return standardize(dense(short, p.encoder_head) as tf.Tensor3D);
  });
}

/** Class logits: code vectors, [B, codeLength, codeDim], and the image → [B, N, K, pixels]. */
export function uvimDecoder(
  vectors: tf.Tensor3D,
  { params: p }: UvimParams,
  config: UvimConfig,
  image?: tf.Tensor4D,
): tf.Tensor4D {
  return tf.tidy(() => {
    const short = dense(vectors, p.decoder_stem) as tf.Tensor3D;
    const side = codeSide(config);
    const long = p.bottleneck_upsample
      ? mixPositions(short, p.bottleneck_upsample)
      : resizeGrid(short, [side, side], gridOf(config));
    const placed = tf.add(
      withContext(long, image, p.ctx_dec_embedding, config),
      positionsOf(p.pos_embedding_decoder, config),
    ) as tf.Tensor3D;
    const decoded = vitEncoder(placed, p.decoder as VitEncoderParams, vitOf(config, config.decoderDepth));
    return dense(decoded, p.head_semantics) as tf.Tensor4D;
  });
}

export interface UvimCode {
  /** [B, codeLength, codeDim] with the gradient of the bottleneck (straight-through). */
  readonly quantized: tf.Tensor3D;
  /** [B, codeLength] int32 */
  readonly code: tf.Tensor2D;
}

/** Nearest codewords of a bottleneck, [B, codeLength, codeDim]. */
export function uvimQuantize(bottleneck: tf.Tensor3D, { state }: UvimParams): UvimCode {
  const [B, n, D] = bottleneck.shape;
  const words = codewords(state);
  const tokens = nearestCode(tf.reshape(bottleneck, [B, 1, n, D]), words);
  const nearest = tf.reshape(lookUp(words, tokens), [B, n, D]) as tf.Tensor3D;
  return { quantized: straightThrough(bottleneck, nearest), code: tf.reshape(tokens, [B, n]) };
}
