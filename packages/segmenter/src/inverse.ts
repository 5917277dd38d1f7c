import {
  type ConvInverseConfig,
  type ConvInverseParams,
  convInverse,
  convInverseSpec,
  type FtwConfig,
  type FtwParams,
  ftw,
  ftwImage,
  ftwSpec,
  type InverseSides,
} from '@gss/posterior';
import type { Training } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';

/** 𝒳⁻¹ of a folder. Without any of the three it is the nearest colour of the palette, as in the paper's code. */
export interface InverseConfig {
  /** The inverse that needs no training: the nearest colour (default), or least squares, γ = (βᵀβ)⁻¹βᵀ of the palette (Eq. (15)). */
  readonly inverse?: 'nearest' | 'linear';
  /** GSS-FT's learned 𝒳⁻¹, three convolutions; its parameters lie in `inverse`. */
  readonly ft?: ConvInverseConfig;
  /** GSS-FT-W's learned 𝒳⁻¹; its parameters lie in `decode_head`, as in the reference, and in tokenizer folders in `inverse`. */
  readonly ftw?: FtwConfig;
}
export type InverseParams = FtwParams | ConvInverseParams;

/** Parameters of the learned inverse of a config, if it has one; GSS-FT-W's where both are named. */
export const inverseSpec = ({ ft, ftw }: InverseConfig) => (ftw ? ftwSpec(ftw) : ft ? convInverseSpec(ft) : undefined);

/** Class logits of a learned 𝒳⁻¹: maskige [B, H, W, 3] in [0, 1], and what the config wants beside it → [B, H, W, K]. */
export function applyInverse(
  maskige: tf.Tensor4D,
  params: InverseParams,
  config: InverseConfig,
  sides: InverseSides = {},
  training?: Training,
): tf.Tensor4D {
  if (config.ftw) {
    const image = ftwImage(maskige, config.ftw, sides);
    const logits = ftw(image, params as FtwParams, config.ftw, training);
    if (!training) image.dispose();
    return logits;
  }
  if (config.ft) return convInverse(maskige, params as ConvInverseParams, training);
  throw new TypeError('applyInverse: this config has no learned inverse. Take the scores of its maskige codec.');
}
