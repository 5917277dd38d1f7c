import { convInverseSpec, ftwSpec, type InverseSides } from '@gss/posterior';
import { beforeClassifier, type PriorOutput, prior, priorSpec, tokenFeatures } from '@gss/prior';
import { countParams, foldNorms, type ParamsOf, type Training } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { backboneFeatures, backboneSpec } from './backbones.js';
import type { GssModelConfig } from './config.js';
import { applyInverse } from './inverse.js';
import { tokenizerSpec } from './tokenizers.js';

/** The parts of a config that decide what the network is. */
export type NetworkConfig = Pick<GssModelConfig, 'backbone' | 'prior'>;

/** What stage II trains: backbone and head, named as in the reference. */
export const networkSpec = ({ backbone, prior }: NetworkConfig) => ({
  backbone: backboneSpec(backbone),
  decode_head: priorSpec(prior),
});
export type NetworkParams = ParamsOf<ReturnType<typeof networkSpec>>;

/** The head of a model folder: the prior's, and with GSS-FT-W the learned 𝒳⁻¹ beside it, as in the reference. */
const headSpec = ({ prior, ftw }: Pick<GssModelConfig, 'prior' | 'ftw'>) => ({
  ...priorSpec(prior),
  ...(ftw ? ftwSpec(ftw) : {}),
});

/** Everything in a model folder's safetensors file. */
export const modelSpec = (config: GssModelConfig) => ({
  backbone: backboneSpec(config.backbone),
  decode_head: headSpec(config),
  tokenizer: tokenizerSpec(config.tokenizer),
  ...(config.ft && !config.ftw ? { inverse: convInverseSpec(config.ft) } : {}),
});
export type ModelParams = ParamsOf<ReturnType<typeof modelSpec>>;

/** A model's parameters as inference reads them, with no BatchNorm left: see `foldNorms`. */
export const foldModel = (config: GssModelConfig, params: ModelParams): ModelParams =>
  foldNorms(modelSpec(config), params);

/** p(z|x): normalised image, [B, H, W, 3] → token and pixel logits. */
export function network(
  image: tf.Tensor4D,
  params: NetworkParams,
  config: NetworkConfig,
  training?: Training,
): PriorOutput {
  const features = backboneFeatures(image, params.backbone, config.backbone, training);
  const output = prior(features, params.decode_head, config.prior, training);
  if (!training) for (const map of features) map.dispose();
  return output;
}

/** The network up to the token classifier, without the pixel head: normalised image, [B, H, W, 3] → [B, h, w, classifierChannels]. */
export function networkEvidence(image: tf.Tensor4D, params: NetworkParams, config: NetworkConfig): tf.Tensor4D {
  return tf.tidy(() => {
    const features = backboneFeatures(image, params.backbone, config.backbone);
    const { attended } = tokenFeatures(features, params.decode_head, config.prior);
    return beforeClassifier(attended, params.decode_head);
  });
}

/** The learned 𝒳⁻¹ of a model that has one: maskige [B, H, W, 3] in [0, 1] → class logits [B, H, W, K]. */
export function learnedInverse(
  maskige: tf.Tensor4D,
  { decode_head, inverse }: Pick<ModelParams, 'decode_head' | 'inverse'>,
  config: Pick<GssModelConfig, 'ft' | 'ftw'>,
  sides?: InverseSides,
): tf.Tensor4D | undefined {
  if (inverse) return applyInverse(maskige, inverse, config, sides);
  const { projection, post_transformer_block, post_swin_ln, cls_segmap } = decode_head;
  if (!config.ftw || !projection || !post_transformer_block || !post_swin_ln || !cls_segmap) return undefined;
  return applyInverse(maskige, { projection, post_transformer_block, post_swin_ln, cls_segmap }, config, sides);
}

/** Trained parameters per part, without making any. */
export function countModel(config: GssModelConfig): {
  backbone: number;
  decode_head: number;
  tokenizer: number;
  total: number;
} {
  const { backbone, decode_head, tokenizer, inverse } = modelSpec(config);
  const parts = {
    backbone: countParams(backbone),
    decode_head: countParams(decode_head) + (inverse ? countParams(inverse) : 0),
    tokenizer: countParams(tokenizer),
  };
  return { ...parts, total: parts.backbone + parts.decode_head + parts.tokenizer };
}
