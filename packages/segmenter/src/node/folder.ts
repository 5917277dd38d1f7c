import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  readSafetensorsFolder,
  type WritableTensor,
  writeFileAtomic,
  writeShardedSafetensors,
} from '@gss/checkpoint/node';
import {
  leavesOf,
  loadParams,
  type Spec,
  type StoredTensor,
  stateDict,
  storedShape,
  type Tree,
  tensorsOf,
} from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import {
  type GssModelConfig,
  type GssTokenizerConfig,
  ModelConfigError,
  parseModelConfig,
  parseTokenizerConfig,
} from '../config.js';
import { type InverseParams, inverseSpec } from '../inverse.js';
import { modelFiles } from '../load.js';
import { type ModelParams, modelSpec } from '../model.js';
import { createSegmenter, type Segmenter } from '../segmenter.js';
import { unpackWeights } from '../storage.js';
import { type TokenizerParams, tokenizerSpec } from '../tokenizers.js';
import { loadModelParams } from '../weights-origin.js';
import { presetsOfWeights } from './preset-of-weights.js';

/** The text of a folder's config.json. */
export function readConfig(folder: string): string {
  const path = join(folder, modelFiles.config);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ModelConfigError(
      `${path}: cannot be read (${(error as Error).message}). --model takes a folder that gss train or gss quickstart wrote.`,
    );
  }
}

/** Loads a model folder from disk: one file or shards, of any storage. */
export async function loadSegmenterFolder(folder: string): Promise<Segmenter> {
  const { config, params } = await loadModelFolder(folder);
  return createSegmenter(config, params, { release: true });
}

/** Config and parameters of a model folder, for training on. */
export async function loadModelFolder(folder: string): Promise<{ config: GssModelConfig; params: ModelParams }> {
  const config = parseModelConfig(readConfig(folder), join(folder, modelFiles.config));
  const weights = unpackWeights(config.storage, await readSafetensorsFolder(folder), folder);
  return { config, params: loadModelParams(folder, config, weights, presetsOfWeights) };
}

/** Where the learned inverse of a folder lies: GSS-FT-W's of a model in its head, as in the reference. */
const inversePrefix = ({ format, ftw }: GssTokenizerConfig | GssModelConfig) =>
  format === 'gss-model' && ftw ? 'decode_head.' : 'inverse.';

async function loadInverse(
  folder: string,
  config: GssTokenizerConfig | GssModelConfig,
): Promise<InverseParams | undefined> {
  const spec = inverseSpec(config);
  if (!spec) return undefined;
  const label = `${folder} (inverse)`;
  const prefix = inversePrefix(config);
  const all = unpackWeights(config.storage, await readSafetensorsFolder(folder, { prefix }), label);
  const own = [...all].filter(
    ([name]) => prefix === 'inverse.' || /^(projection|post_transformer_block|post_swin_ln|cls_segmap)\./.test(name),
  );
  return loadParams(label, spec as Spec, new Map(own)) as InverseParams;
}

/** Config and parameters of the tokenizer, and of a learned inverse, in a tokenizer folder or a model folder. */
export async function loadTokenizerFolder(folder: string): Promise<{
  config: GssTokenizerConfig | GssModelConfig;
  params: TokenizerParams;
  inverse: InverseParams | undefined;
}> {
  const config = parseTokenizerConfig(readConfig(folder), join(folder, modelFiles.config));
  const label = `${folder} (tokenizer)`;
  const weights = unpackWeights(config.storage, await readSafetensorsFolder(folder, { prefix: 'tokenizer.' }), label);
  const params = loadParams(label, tokenizerSpec(config.tokenizer), weights);
  return { config, params, inverse: await loadInverse(folder, config) };
}

/** Everything in the safetensors file of a tokenizer folder. */
export const tokenizerFolderSpec = (config: GssTokenizerConfig): Spec => {
  const inverse = inverseSpec(config);
  return { tokenizer: tokenizerSpec(config.tokenizer), ...(inverse ? { inverse } : {}) };
};

/** Parameters as they are written: read back from the device one at a time, when the file has come to them. */
function writable(spec: Spec, params: Tree<tf.Tensor>): [string, WritableTensor][] {
  const tensors = tensorsOf('save', spec, params);
  return leavesOf(spec).map(({ name, leaf }) => {
    const shape = storedShape(leaf);
    const data = async () => ((await stateDict(leaf, tensors.get(name)!)).get('') as StoredTensor).data;
    return [name, { dtype: leaf.dtype === 'int32' ? 'I64' : 'F32', shape, data }];
  });
}

/**
 * Writes a folder in float32: weights first (above 2 GB in shards), then config.json, each atomically. A folder with a
 * config.json is therefore whole. `params` stay the caller's, and as they are until the promise is settled.
 */
async function saveFolder(
  folder: string,
  config: GssModelConfig | GssTokenizerConfig,
  spec: Spec,
  params: Tree<tf.Tensor>,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await writeShardedSafetensors(folder, writable(spec, params), { metadata: { format: 'gss' } });
  const { storage: _, ...saved } = config; // of the folder that they were loaded from
  await writeFileAtomic(join(folder, modelFiles.config), `${JSON.stringify(saved, null, 2)}\n`);
}

/** Writes config.json and weights, sharded above 2 GB; each file whole or not at all. The parameters stay the caller's. */
export const saveModelFolder = (folder: string, config: GssModelConfig, params: ModelParams): Promise<void> =>
  saveFolder(folder, config, modelSpec(config), params as Tree<tf.Tensor>);

/** `inverse`: the parameters of the learned inverse that the config names, if it names one. */
export function saveTokenizerFolder(
  folder: string,
  config: GssTokenizerConfig,
  params: TokenizerParams,
  inverse?: InverseParams,
): Promise<void> {
  const spec = tokenizerFolderSpec(config);
  const tree = { tokenizer: params as Tree<tf.Tensor>, ...(inverse ? { inverse: inverse as Tree<tf.Tensor> } : {}) };
  return saveFolder(folder, config, spec, tree);
}
