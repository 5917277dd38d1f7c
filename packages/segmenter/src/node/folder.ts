import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors, writeFileAtomic, writeSafetensors } from '@gss/checkpoint/node';
import { loadParams, type Spec, type StoredTensor, stateDict, type Tree } from '@gss/tensor';
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
import { type TokenizerParams, tokenizerSpec } from '../tokenizers.js';

function readConfig(folder: string): string {
  const path = join(folder, modelFiles.config);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ModelConfigError(
      `${path}: cannot be read (${(error as Error).message}). --model takes a folder that gss train or gss quickstart wrote.`,
    );
  }
}

/** Loads a model folder from disk. */
export async function loadSegmenterFolder(folder: string): Promise<Segmenter> {
  const config = readConfig(folder);
  parseModelConfig(config, join(folder, modelFiles.config)); // says first that a folder is no model
  return openSegmenter(config, await readSafetensors(join(folder, modelFiles.weights)), folder);
}

/** Config and parameters of a model folder, for training on. */
export async function loadModelFolder(folder: string): Promise<{ config: GssModelConfig; params: ModelParams }> {
  const config = parseModelConfig(readConfig(folder), join(folder, modelFiles.config));
  const weights = await readSafetensors(join(folder, modelFiles.weights));
  return { config, params: loadParams(folder, modelSpec(config), weights) };
}

/** Config and parameters of the tokenizer in a tokenizer folder or a model folder. */
export async function loadTokenizerFolder(
  folder: string,
): Promise<{ config: GssTokenizerConfig | GssModelConfig; params: TokenizerParams }> {
  const config = parseTokenizerConfig(readConfig(folder), join(folder, modelFiles.config));
  const all = await readSafetensors(join(folder, modelFiles.weights));
  const weights = new Map<string, StoredTensor>(
    [...all].flatMap(([name, tensor]) => (name.startsWith('tokenizer.') ? [[name.slice(10), tensor] as const] : [])),
  );
  return { config, params: loadParams(`${folder} (tokenizer)`, tokenizerSpec(config.tokenizer), weights) };
}

/**
 * Writes a folder: weights first, then config.json, each atomically. A folder with a config.json is therefore whole.
 * `params` stay the caller's.
 */
async function saveFolder(folder: string, config: object, spec: Spec, params: Tree<tf.Tensor>): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await writeSafetensors(join(folder, modelFiles.weights), await stateDict(spec, params), { format: 'gss' });
  await writeFileAtomic(join(folder, modelFiles.config), `${JSON.stringify(config, null, 2)}\n`);
}

export const saveModelFolder = (folder: string, config: GssModelConfig, params: ModelParams): Promise<void> =>
  saveFolder(folder, config, modelSpec(config), params as Tree<tf.Tensor>);

export const saveTokenizerFolder = (
  folder: string,
  config: GssTokenizerConfig,
  params: TokenizerParams,
): Promise<void> =>
  saveFolder(folder, config, { tokenizer: tokenizerSpec(config.tokenizer) }, { tokenizer: params as Tree<tf.Tensor> });
