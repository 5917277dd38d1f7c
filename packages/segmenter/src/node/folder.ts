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
  namedTensors,
  type Spec,
  type StoredTensor,
  stateDict,
  storedShape,
  type Tree,
  WeightsError,
} from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import {
  type GssModelConfig,
  type GssTokenizerConfig,
  ModelConfigError,
  parseModelConfig,
  parseTokenizerConfig,
} from '../config.js';
import { modelFiles, openSegmenter } from '../load.js';
import { type ModelParams, modelSpec } from '../model.js';
import type { Segmenter } from '../segmenter.js';
import { unpackWeights } from '../storage.js';
import { type TokenizerParams, tokenizerSpec } from '../tokenizers.js';

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
  const config = readConfig(folder);
  parseModelConfig(config, join(folder, modelFiles.config)); // says first that a folder is no model
  return openSegmenter(config, await readSafetensorsFolder(folder), folder);
}

/** Config and parameters of a model folder, for training on. */
export async function loadModelFolder(folder: string): Promise<{ config: GssModelConfig; params: ModelParams }> {
  const config = parseModelConfig(readConfig(folder), join(folder, modelFiles.config));
  const weights = unpackWeights(config.storage, await readSafetensorsFolder(folder), folder);
  return { config, params: loadParams(folder, modelSpec(config), weights) };
}

/** Config and parameters of the tokenizer in a tokenizer folder or a model folder. */
export async function loadTokenizerFolder(
  folder: string,
): Promise<{ config: GssTokenizerConfig | GssModelConfig; params: TokenizerParams }> {
  const config = parseTokenizerConfig(readConfig(folder), join(folder, modelFiles.config));
  const label = `${folder} (tokenizer)`;
  const weights = unpackWeights(config.storage, await readSafetensorsFolder(folder, { prefix: 'tokenizer.' }), label);
  return { config, params: loadParams(label, tokenizerSpec(config.tokenizer), weights) };
}

/** Parameters as they are written: read back from the device one at a time, when the file has come to them. */
function writable(spec: Spec, params: Tree<tf.Tensor>): [string, WritableTensor][] {
  const tensors = namedTensors(params);
  return leavesOf(spec).map(({ name, leaf }) => {
    const shape = storedShape(leaf);
    const tensor = tensors.get(name);
    if (!tensor) throw new WeightsError('save', [{ kind: 'missing', name, detail: `[${shape}]` }], tensors.size);
    const data = async () => ((await stateDict(leaf, tensor)).get('') as StoredTensor).data;
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

export const saveModelFolder = (folder: string, config: GssModelConfig, params: ModelParams): Promise<void> =>
  saveFolder(folder, config, modelSpec(config), params as Tree<tf.Tensor>);

export const saveTokenizerFolder = (
  folder: string,
  config: GssTokenizerConfig,
  params: TokenizerParams,
): Promise<void> =>
  saveFolder(folder, config, { tokenizer: tokenizerSpec(config.tokenizer) }, { tokenizer: params as Tree<tf.Tensor> });
