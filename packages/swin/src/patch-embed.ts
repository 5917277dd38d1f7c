import {
  batchNormSpec,
  conv,
  convBatchNorm,
  convNoBiasSpec,
  convSpec,
  layerNorm,
  layerNormSpec,
  type ParamsOf,
  pad2d,
  type Training,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface PatchEmbedConfig {
  readonly outputs: number;
  /** Side of a patch. Default 4. */
  readonly patch?: number;
  /** LayerNorm behind the projection. Default true. */
  readonly norm?: boolean;
}

/** Non-overlapping patches, named as in mmsegmentation. */
export const patchEmbedSpec = ({ outputs, patch = 4, norm = true }: PatchEmbedConfig) => ({
  projection: convSpec(patch, 3, outputs),
  ...(norm ? { norm: layerNormSpec(outputs) } : {}),
});
export type PatchEmbedParams = ParamsOf<ReturnType<typeof patchEmbedSpec>>;

/** [B, H, W, 3] → [B, ⌈H / patch⌉, ⌈W / patch⌉, outputs]; zeros pad right and bottom to whole patches. */
export function patchEmbed(x: tf.Tensor4D, p: PatchEmbedParams, { patch = 4 }: PatchEmbedConfig): tf.Tensor4D {
  const [, H, W] = x.shape;
  return tf.tidy(() => {
    const padded = pad2d(x, [0, (patch - (H % patch)) % patch, 0, (patch - (W % patch)) % patch]);
    const y = conv(padded, p.projection, { stride: patch, padding: 0 });
    return p.norm ? layerNorm(y, p.norm) : y;
  });
}

export interface ConvStemConfig {
  readonly outputs: number;
}

const convModuleSpec = (size: number, inputs: number, outputs: number) => ({
  conv: convNoBiasSpec(size, inputs, outputs, { type: 'kaimingNormal' }),
  bn: batchNormSpec(outputs, { behind: 'conv' }),
});

/**
 * Overlapping patches: two 3×3 convolutions of stride 2 with BatchNorm and ReLU, as in "Early convolutions help
 * transformers see better" (Xiao et al., 2021). Ours; no reference checkpoint has it.
 */
export const convStemSpec = ({ outputs }: ConvStemConfig) => ({
  convs: [convModuleSpec(3, 3, outputs / 2), convModuleSpec(3, outputs / 2, outputs)] as const,
});
export type ConvStemParams = ParamsOf<ReturnType<typeof convStemSpec>>;

/** [B, H, W, 3] → [B, ⌈H / 4⌉, ⌈W / 4⌉, outputs] */
export function convStem(x: tf.Tensor4D, { convs }: ConvStemParams, training?: Training): tf.Tensor4D {
  return tf.tidy(() =>
    convs.reduce((y, m) => convBatchNorm(y, m.conv, m.bn, { stride: 2, padding: 1, activate: true }, training), x),
  );
}
