import { basicBlock, basicBlockSpec, type ParamsOf, type ResidualConfig, type Training } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type ConvNormParams, convNorm, convNormSpec, type FuseParams, fuse, fuseSpec } from './fuse.js';

export interface StageConfig {
  /** Modules in a row, each ends in a fusion. */
  readonly modules: number;
  /** Basic blocks in each branch. */
  readonly blocks: readonly number[];
  /** Channels of each branch, finest first. */
  readonly channels: readonly number[];
}

const blockConfig = (planes: number): ResidualConfig => ({ inputs: planes, planes, stride: 1, dilation: 1 });

const moduleSpec = ({ blocks, channels }: StageConfig) => ({
  branches: channels.map((planes, i) => Array.from({ length: blocks[i]! }, () => basicBlockSpec(blockConfig(planes)))),
  fuse_layers: fuseSpec(channels),
});

/** Parameters of one stage of parallel branches. */
export const stageSpec = (config: StageConfig) => Array.from({ length: config.modules }, () => moduleSpec(config));
export type StageParams = ParamsOf<ReturnType<typeof stageSpec>>;

/** Branch maps, finest first → branch maps of the same shapes. */
export function stage(
  maps: readonly tf.Tensor4D[],
  params: StageParams,
  { channels }: StageConfig,
  training?: Training,
): tf.Tensor4D[] {
  return tf.tidy(() =>
    params.reduce<tf.Tensor4D[]>(
      (branches, { branches: blocks, fuse_layers }) => {
        const worked = branches.map((map, i) =>
          blocks[i]!.reduce((y, p) => basicBlock(y, p, blockConfig(channels[i]!), training), map),
        );
        return fuse(worked, fuse_layers as FuseParams, training);
      },
      [...maps],
    ),
  );
}

/**
 * transitionN: where channels change, a 3×3 convolution; for the new branch, a 3×3 of stride 2 from the coarsest map.
 * Undefined where a branch goes on as it is.
 */
export const transitionSpec = (before: readonly number[], after: readonly number[]) =>
  after.map((outputs, i) => {
    if (i < before.length) return before[i] === outputs ? undefined : convNormSpec(3, before[i]!, outputs);
    const inputs = before[before.length - 1]!;
    return Array.from({ length: i + 1 - before.length }, (_, k) =>
      convNormSpec(3, inputs, k === i - before.length ? outputs : inputs),
    );
  });
export type TransitionParams = ParamsOf<ReturnType<typeof transitionSpec>>;

/** Maps of one stage → those the next begins with, one more. */
export function transition(maps: readonly tf.Tensor4D[], params: TransitionParams, training?: Training): tf.Tensor4D[] {
  const coarsest = maps[maps.length - 1]!;
  return tf.tidy(() =>
    params.map((p, i) => {
      if (!p) return tf.clone(maps[i]!);
      if (i < maps.length) return convNorm(maps[i]!, p as ConvNormParams, { activate: true }, training);
      return (p as readonly ConvNormParams[]).reduce(
        (y, step) => convNorm(y, step, { stride: 2, activate: true }, training),
        coarsest,
      );
    }),
  );
}
