import type { ParamsOf, Training } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type SwinBlockConfig, type SwinBlockParams, swinBlock, swinBlockSpec } from './block.js';

export interface SwinBlocksConfig {
  readonly dim: number;
  readonly hidden: number;
  readonly heads: number;
  readonly window: number;
  /** Number of blocks; every second one shifts its windows by ⌊window / 2⌋. */
  readonly depth: number;
  /** Drop path rate of each block; default all 0. */
  readonly dropPaths?: readonly number[];
}

const blockConfig = (config: SwinBlocksConfig, i: number): SwinBlockConfig => ({
  ...config,
  shift: i % 2 === 0 ? 0 : Math.floor(config.window / 2),
  dropPath: config.dropPaths?.[i] ?? 0,
});

/** Parameters of mmsegmentation's SwinBlockSequence without its downsampling. */
export const swinBlocksSpec = (config: SwinBlocksConfig) => ({
  blocks: Array.from({ length: config.depth }, (_, i) => swinBlockSpec(blockConfig(config, i))),
});
export type SwinBlocksParams = ParamsOf<ReturnType<typeof swinBlocksSpec>>;

/** `depth` Swin blocks, alternately without and with shift: [B, H, W, dim] → [B, H, W, dim] */
export function swinBlocks(
  x: tf.Tensor4D,
  { blocks }: { readonly blocks: readonly SwinBlockParams[] },
  config: SwinBlocksConfig,
  training?: Training,
): tf.Tensor4D {
  return tf.tidy(() =>
    blocks.reduce((y, block, i) => swinBlock(y, block, blockConfig(config, i), training), tf.clone(x)),
  );
}
