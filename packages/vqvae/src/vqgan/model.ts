import { conv, convSpec, groupNormSpec, type ParamsOf, silu, table } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { downsample, levelBlocks, levelSpec, mid, midSpec, normalize, resampleSpec, upsample } from './blocks.js';
import { hasAttention, type VqganConfig } from './config.js';

const lastOf = (values: readonly number[]): number => values[values.length - 1]!;

export const vqganEncoderSpec = (config: VqganConfig) => {
  const { channels, width, multipliers, residualBlocks, latent } = config;
  const deepest = width * lastOf(multipliers);
  return {
    conv_in: convSpec(3, channels, width),
    down: multipliers.map((m, i) => ({
      ...levelSpec(width * (multipliers[i - 1] ?? 1), width * m, residualBlocks, hasAttention(config, i)),
      ...(i < multipliers.length - 1 ? { downsample: resampleSpec(width * m) } : {}),
    })),
    mid: midSpec(deepest),
    norm_out: groupNormSpec(deepest),
    conv_out: convSpec(3, deepest, latent),
  };
};

export const vqganDecoderSpec = (config: VqganConfig) => {
  const { channels, width, multipliers, residualBlocks, latent } = config;
  const deepest = width * lastOf(multipliers);
  return {
    conv_in: convSpec(3, latent, deepest),
    mid: midSpec(deepest),
    up: multipliers.map((m, i) => ({
      ...levelSpec(width * (multipliers[i + 1] ?? m), width * m, residualBlocks + 1, hasAttention(config, i)),
      ...(i > 0 ? { upsample: resampleSpec(width * m) } : {}),
    })),
    norm_out: groupNormSpec(width * multipliers[0]!),
    conv_out: convSpec(3, width * multipliers[0]!, channels),
  };
};

/** Parameters of taming-transformers' VQModel without its loss. */
export const vqganSpec = (config: VqganConfig) => ({
  encoder: vqganEncoderSpec(config),
  decoder: vqganDecoderSpec(config),
  quantize: {
    embedding: { weight: table([config.codes, config.codeDim], { type: 'uniform', bound: 1 / config.codes }) },
  },
  quant_conv: convSpec(1, config.latent, config.codeDim),
  post_quant_conv: convSpec(1, config.codeDim, config.latent),
});
export type VqganParams = ParamsOf<ReturnType<typeof vqganSpec>>;

/** Image, [B, H, W, channels] in [−1, 1] → [B, H/f, W/f, latent], f = 2^(levels − 1). `groups` as in the config. */
export function vqganEncoder(image: tf.Tensor4D, p: VqganParams['encoder'], groups?: number): tf.Tensor4D {
  return tf.tidy(() => {
    const levels = p.down.reduce(
      (x, level) => {
        const y = levelBlocks(x, level, groups);
        return level.downsample ? downsample(y, level.downsample) : y;
      },
      conv(image, p.conv_in),
    );
    return conv(silu(normalize(mid(levels, p.mid, groups), p.norm_out, groups)), p.conv_out);
  });
}

/** The decoder up to its last convolution: [B, h, w, latent] → [B, h·f, w·f, width]. */
export function vqganDecoderFeatures(z: tf.Tensor4D, p: VqganParams['decoder'], groups?: number): tf.Tensor4D {
  return tf.tidy(() => {
    const levels = p.up.reduceRight(
      (x, level) => {
        const y = levelBlocks(x, level, groups);
        return level.upsample ? upsample(y, level.upsample) : y;
      },
      mid(conv(z, p.conv_in), p.mid, groups),
    );
    return silu(normalize(levels, p.norm_out, groups));
  });
}

/** [B, h, w, latent] → image or logits, [B, h·f, w·f, channels]. */
export const vqganDecoder = (z: tf.Tensor4D, p: VqganParams['decoder'], groups?: number): tf.Tensor4D =>
  tf.tidy(() => conv(vqganDecoderFeatures(z, p, groups), p.conv_out));

/** Encoder output in the codebook's space, before quantisation: [B, H, W, channels] in [−1, 1] → [B, h, w, codeDim]. */
export const vqganLatent = (image: tf.Tensor4D, p: VqganParams, groups?: number): tf.Tensor4D =>
  tf.tidy(() => conv(vqganEncoder(image, p.encoder, groups), p.quant_conv));

/** Code vectors → decoder output: [B, h, w, codeDim] → [B, h·f, w·f, channels]. */
export const vqganReconstruction = (vectors: tf.Tensor4D, p: VqganParams, groups?: number): tf.Tensor4D =>
  tf.tidy(() => vqganDecoder(conv(vectors, p.post_quant_conv), p.decoder, groups));
