import { conv, convSpec, groupNorm, groupNormSpec, type ParamsOf, pad2d, silu } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { doubledConv2d } from '../doubled-conv.js';

/** The reference's number of groups. */
export const standardGroups = 32;

/** GroupNorm, ε = 1e-6: [B, H, W, C] → [B, H, W, C] */
export const normalize = (
  x: tf.Tensor4D,
  p: ParamsOf<ReturnType<typeof groupNormSpec>>,
  groups = standardGroups,
): tf.Tensor4D => groupNorm(x, p, groups, 1e-6);

export const resnetBlockSpec = (inputs: number, outputs: number) => ({
  norm1: groupNormSpec(inputs),
  conv1: convSpec(3, inputs, outputs),
  norm2: groupNormSpec(outputs),
  conv2: convSpec(3, outputs, outputs),
  ...(inputs === outputs ? {} : { nin_shortcut: convSpec(1, inputs, outputs) }),
});
export type ResnetBlockParams = ParamsOf<ReturnType<typeof resnetBlockSpec>>;

/** [B, H, W, inputs] → [B, H, W, outputs] */
export function resnetBlock(x: tf.Tensor4D, p: ResnetBlockParams, groups?: number): tf.Tensor4D {
  return tf.tidy(() => {
    const h = conv(silu(normalize(x, p.norm1, groups)), p.conv1);
    const residual = conv(silu(normalize(h, p.norm2, groups)), p.conv2);
    return tf.add(p.nin_shortcut ? conv(x, p.nin_shortcut) : x, residual);
  });
}

export const attnBlockSpec = (channels: number) => ({
  norm: groupNormSpec(channels),
  q: convSpec(1, channels, channels),
  k: convSpec(1, channels, channels),
  v: convSpec(1, channels, channels),
  proj_out: convSpec(1, channels, channels),
});
export type AttnBlockParams = ParamsOf<ReturnType<typeof attnBlockSpec>>;

/** Self-attention of one head over all positions: [B, H, W, C] → [B, H, W, C] */
export function attnBlock(x: tf.Tensor4D, p: AttnBlockParams, groups?: number): tf.Tensor4D {
  const [B, H, W, C] = x.shape;
  return tf.tidy(() => {
    const h = normalize(x, p.norm, groups);
    const [q, k, v] = [p.q, p.k, p.v].map((c) => tf.reshape(conv(h, c), [B, H * W, C])) as [
      tf.Tensor3D,
      tf.Tensor3D,
      tf.Tensor3D,
    ];
    const scores = tf.mul(tf.matMul(q, tf.transpose(k, [0, 2, 1])), C ** -0.5); // [B, queries, keys]
    const attended = tf.reshape(tf.matMul(tf.softmax(scores), v), [B, H, W, C]);
    return tf.add(x, conv(attended as tf.Tensor4D, p.proj_out));
  });
}

export const resampleSpec = (channels: number) => ({ conv: convSpec(3, channels, channels) });
type ResampleParams = ParamsOf<ReturnType<typeof resampleSpec>>;

/** One row and column of zeros at the bottom and right, then stride 2: [B, H, W, C] → [B, ⌊H/2⌋, ⌊W/2⌋, C] */
export const downsample = (x: tf.Tensor4D, p: ResampleParams): tf.Tensor4D =>
  tf.tidy(() => conv(pad2d(x, [0, 1, 0, 1]), p.conv, { stride: 2, padding: 0 }));

/** Nearest ×2, then a convolution: [B, H, W, C] → [B, 2H, 2W, C] */
export const upsample = (x: tf.Tensor4D, p: ResampleParams): tf.Tensor4D =>
  doubledConv2d(x, p.conv.weight, p.conv.bias);

export const midSpec = (channels: number) => ({
  block_1: resnetBlockSpec(channels, channels),
  attn_1: attnBlockSpec(channels),
  block_2: resnetBlockSpec(channels, channels),
});

/** The middle of encoder and decoder, at the coarsest resolution. */
export const mid = (x: tf.Tensor4D, p: ParamsOf<ReturnType<typeof midSpec>>, groups?: number): tf.Tensor4D =>
  resnetBlock(attnBlock(resnetBlock(x, p.block_1, groups), p.attn_1, groups), p.block_2, groups);

/** The blocks of one level, each followed by attention where the level has it. */
export function levelBlocks(
  x: tf.Tensor4D,
  {
    block,
    attn,
  }: { readonly block: readonly ResnetBlockParams[]; readonly attn?: readonly AttnBlockParams[] | undefined },
  groups?: number,
): tf.Tensor4D {
  return block.reduce((y, p, i) => {
    const z = resnetBlock(y, p, groups);
    return attn ? attnBlock(z, attn[i]!, groups) : z;
  }, x);
}

/** Specs of the blocks of one level. */
export const levelSpec = (inputs: number, outputs: number, count: number, attention: boolean) => ({
  block: Array.from({ length: count }, (_, i) => resnetBlockSpec(i === 0 ? inputs : outputs, outputs)),
  ...(attention ? { attn: Array.from({ length: count }, () => attnBlockSpec(outputs)) } : {}),
});
