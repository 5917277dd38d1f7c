import {
  batchNorm,
  batchNormSpec,
  conv,
  convNoBiasSpec,
  convSpec,
  type ParamsOf,
  sizes,
  type Training,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface ConvInverseConfig {
  /** Width of the two hidden layers. */
  readonly channels: number;
  /** K. */
  readonly classes: number;
}

const moduleSpec = (size: number, inputs: number, outputs: number) => ({
  conv: convNoBiasSpec(size, inputs, outputs, { type: 'kaimingNormal' }),
  bn: batchNormSpec(outputs),
});
type ModuleParams = ParamsOf<ReturnType<typeof moduleSpec>>;

/** 𝒳⁻¹ of GSS-FT: three of mmcv's ConvModule, named `0.conv.weight`, `0.bn.weight`, … `2.conv.bias`. */
export const convInverseSpec = ({ channels, classes }: ConvInverseConfig) =>
  [
    moduleSpec(1, 3, channels),
    moduleSpec(3, channels, channels),
    { conv: convSpec(1, channels, classes, { type: 'kaimingNormal' }) },
  ] as const;
export type ConvInverseParams = ParamsOf<ReturnType<typeof convInverseSpec>>;

const convModule = (x: tf.Tensor4D, p: ModuleParams, training?: Training) =>
  tf.relu(batchNorm(conv(x, p.conv), p.bn, training));

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
