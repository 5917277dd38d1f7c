import { type PriorOutput, prior, priorSpec } from '@gss/prior';
import { swin, swinSpec } from '@gss/swin';
import { countParams, type ParamsOf, type Training } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import type { GssModelConfig } from './config.js';
import { tokenizerSpec } from './tokenizers.js';

/** What stage II trains: backbone and head, named as in the reference. */
export const networkSpec = ({ backbone, prior }: Pick<GssModelConfig, 'backbone' | 'prior'>) => ({
  backbone: swinSpec(backbone.config),
  decode_head: priorSpec(prior),
});
export type NetworkParams = ParamsOf<ReturnType<typeof networkSpec>>;

/** Everything in a model folder's safetensors file. */
export const modelSpec = (config: GssModelConfig) => ({
  ...networkSpec(config),
  tokenizer: tokenizerSpec(config.tokenizer),
});
export type ModelParams = ParamsOf<ReturnType<typeof modelSpec>>;

/** p(z|x): normalised image, [B, H, W, 3] → token and pixel logits. */
export function network(
  image: tf.Tensor4D,
  params: NetworkParams,
  config: Pick<GssModelConfig, 'backbone' | 'prior'>,
  training?: Training,
): PriorOutput {
  const features = swin(image, params.backbone, config.backbone.config, training);
  const output = prior(features, params.decode_head, config.prior, training);
  if (!training) for (const map of features) map.dispose();
  return output;
}

/** Trained parameters per part, without making any. */
export function countModel(config: GssModelConfig): {
  backbone: number;
  decode_head: number;
  tokenizer: number;
  total: number;
} {
  const { backbone, decode_head, tokenizer } = modelSpec(config);
  const parts = {
    backbone: countParams(backbone),
    decode_head: countParams(decode_head),
    tokenizer: countParams(tokenizer),
  };
  return { ...parts, total: parts.backbone + parts.decode_head + parts.tokenizer };
}
