import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { openSafetensors } from '@gss/checkpoint/node';
import {
  type GssModelConfig,
  type InverseParams,
  type ModelParams,
  type NetworkParams,
  networkSpec,
} from '@gss/segmenter';
import { loadModelFolder, loadTokenizerFolder } from '@gss/segmenter/node';
import { disposeTree, loadParams, type StoredTensor, type Tree } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../../cli/errors.js';

/** A trained, or half-trained, model without a learned inverse. */
export interface OpenedModel {
  readonly config: GssModelConfig;
  readonly network: NetworkParams;
  readonly tokenizer: ModelParams['tokenizer'];
  /** What the user named. */
  readonly where: string;
}

/** A checkpoint of stage II knows its model's config; its tokenizer lies in the run, or where `tokenizer` says. */
async function openCheckpoint(path: string, tokenizer: string | undefined): Promise<OpenedModel> {
  const file = await openSafetensors(path);
  try {
    const text = (file.metadata as Readonly<Record<string, string>> | undefined)?.config;
    const model = text && (JSON.parse(text) as { model?: GssModelConfig }).model;
    if (!model)
      throw new UsageError(
        `--model ${path}: no checkpoint of stage II. Name RUN/prior/checkpoints/step-….safetensors or a model folder.`,
      );
    const weights = new Map<string, StoredTensor>();
    for (const name of file.tensors.keys())
      if (name.startsWith('model.')) weights.set(name.slice(6), await file.read(name));
    const folder = tokenizer ?? resolve(path, '..', '..', '..', 'tokenizer', 'model');
    const stage1 = await loadTokenizerFolder(folder);
    if (stage1.inverse) disposeTree(stage1.inverse as Tree<tf.Tensor>);
    return {
      config: model,
      network: loadParams(path, networkSpec(model), weights),
      tokenizer: stage1.params,
      where: path,
    };
  } finally {
    await file.close();
  }
}

/** Opens a model folder, whose learned inverse is left out, or a checkpoint file of a half-trained stage II. */
export async function openModel(where: string, tokenizer?: string): Promise<OpenedModel> {
  if (existsSync(where) && statSync(where).isFile()) {
    return generative(await openCheckpoint(where, tokenizer));
  }
  const { config, params } = await loadModelFolder(where);
  const { ftw: _, ft: __, inverse: ___, ...bare } = config;
  const { inverse, tokenizer: stage1, backbone, decode_head } = params;
  if (inverse) disposeTree(inverse as Tree<tf.Tensor>);
  const { projection, post_transformer_block, post_swin_ln, cls_segmap, ...head } = decode_head;
  const old = [projection, post_transformer_block, post_swin_ln, cls_segmap].filter((part) => part !== undefined);
  for (const part of old) disposeTree(part as Tree<tf.Tensor>);
  return generative({ config: bare, network: { backbone, decode_head: head }, tokenizer: stage1, where });
}

function generative(opened: OpenedModel): OpenedModel {
  if (opened.config.kind === 'generative') return opened;
  throw new UsageError(
    `--model ${opened.where} is discriminative: it has no maskige to invert. Name a generative model.`,
  );
}

/** A model's parameters with a learned inverse where its config wants it. */
export function withInverse(
  { network, tokenizer }: Pick<OpenedModel, 'network' | 'tokenizer'>,
  inverse: InverseParams | undefined,
  { ftw }: Pick<GssModelConfig, 'ftw'>,
): ModelParams {
  if (!inverse) return { ...network, tokenizer } as ModelParams;
  if (!ftw) return { ...network, tokenizer, inverse } as ModelParams;
  return { ...network, decode_head: { ...network.decode_head, ...inverse }, tokenizer } as ModelParams;
}
