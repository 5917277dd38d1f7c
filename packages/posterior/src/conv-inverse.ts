import { conv, convSpec, type ParamsOf, sizes, type Training } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { convModule, convModuleSpec } from './conv-module.js';

export interface ConvInverseConfig {
  /** Width of the two hidden layers. */
  readonly channels: number;
  /** K. */
  readonly classes: number;
}

/** 𝒳⁻¹ of GSS-FT: three of mmcv's ConvModule, named `0.conv.weight`, `0.bn.weight`, … `2.conv.bias`. */
export const convInverseSpec = ({ channels, classes }: ConvInverseConfig) =>
  [
    convModuleSpec(1, 3, channels),
    convModuleSpec(3, channels, channels),
    { conv: convSpec(1, channels, classes, { type: 'kaimingNormal' }) },
  ] as const;
export type ConvInverseParams = ParamsOf<ReturnType<typeof convInverseSpec>>;

/**
 * GSS-FT's learned 𝒳⁻¹, conv 1×1 – conv 3×3 – conv 1×1 (§3.3): maskige [B, H, W, 3] in [0, 1] → class logits
 * [B, H, W, K]. It sees one pixel around each, so it corrects colours that the tokenizer bent, but not shapes.
 */
export function convInverse(maskige: tf.Tensor4D, p: ConvInverseParams, training?: Training): tf.Tensor4D {
  sizes('convInverse', maskige, ['B', 'H', 'W', 3]);
  return tf.tidy(() => {
    const [first, second, last] = p;
    const pixels = convModule(maskige, first, training); // [B, H, W, channels]
    return conv(convModule(pixels, second, training), last.conv); // [B, H, W, K]
  });
}
