import { resize, type Training } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type ConvModuleParams, convModule, convModuleSpec } from './conv-module.js';

export interface AggregateConfig {
  /** Channels of each map. */
  readonly inputs: readonly number[];
  /** Channels that every map is brought to before they are joined. */
  readonly channels: number;
  readonly outputs: number;
  /** Side of the fusing convolution, odd. Default 1, the reference's. */
  readonly fusionSize?: number;
}

/** One convolution a level and one that fuses them. The callers give them the reference's names. */
export const aggregateSpec = ({ inputs, channels, outputs, fusionSize = 1 }: AggregateConfig) => ({
  convs: inputs.map((input) => convModuleSpec(input, channels)),
  fusion: convModuleSpec(channels * inputs.length, outputs, fusionSize),
});

/**
 * Multi-level aggregation (appendix H): each map through its convolution, resized bilinearly to `size`, joined and
 * fused. Maps [B, Hᵢ, Wᵢ, inputs[i]] → [B, h, w, outputs].
 */
export function aggregate(
  maps: readonly tf.Tensor4D[],
  params: { readonly convs: readonly ConvModuleParams[]; readonly fusion: ConvModuleParams },
  size: readonly [number, number],
  training?: Training,
): tf.Tensor4D {
  return tf.tidy(() => {
    const levels = maps.map((map, i) => resize(convModule(map, params.convs[i]!, training), size));
    return convModule(tf.concat(levels, 3), params.fusion, training);
  });
}
