import { checkShard, missingShard, parseSafetensors, parseShardIndex, shardIndexName } from '@gss/checkpoint';
import type { StoredTensor } from '@gss/tensor';
import { parseModelConfig } from './config.js';
import { createSegmenter, type Segmenter } from './segmenter.js';
import { unpackWeights } from './storage.js';
import { loadModelParams } from './weights-origin.js';

/** Names of the files in a model folder; above 2 GB the index and the shards that it names stand for the weights. */
export const modelFiles = { config: 'config.json', weights: 'model.safetensors', index: shardIndexName() } as const;

/**
 * A segmenter from the contents of a model folder: the text of config.json and the weights by name, of any float type or
 * (where the config says `storage: 'int8'`) quantised.
 */
export function openSegmenter(
  configText: string,
  weights: ReadonlyMap<string, StoredTensor>,
  label = 'model',
): Segmenter {
  const config = parseModelConfig(configText, `${label}/${modelFiles.config}`);
  const file = `${label}/${modelFiles.weights}`;
  const params = loadModelParams(file, config, unpackWeights(config.storage, weights, file));
  return createSegmenter(config, params, { release: true }); // nobody else has them
}

/** The tensors of all shards that an index names; `get` fetches a file of the folder, or gives nothing where there is none. */
async function readShards(
  index: string,
  label: string,
  get: (file: string) => Promise<Uint8Array | undefined>,
): Promise<Map<string, StoredTensor>> {
  const tensors = new Map<string, StoredTensor>();
  const promised = parseShardIndex(index, label);
  for (const [file, names] of promised) {
    const bytes = await get(file);
    if (!bytes) throw missingShard(file, label, promised.size);
    const shard = parseSafetensors(bytes, { label: file });
    checkShard(file, names, shard.keys());
    for (const [name, tensor] of shard) tensors.set(name, tensor);
  }
  return tensors;
}

/**
 * Loads a model folder over HTTP (browser, or Node's fetch): `url` with config.json and model.safetensors below it, or
 * the index and its shards.
 */
export async function loadSegmenter(url: string, fetcher: typeof fetch = fetch): Promise<Segmenter> {
  const base = url.endsWith('/') ? url : `${url}/`;
  const ask = async (file: string) => {
    const response = await fetcher(base + file);
    if (response.ok) return response;
    if (response.status === 404) return undefined;
    throw new Error(`loadSegmenter: ${base + file} answered ${response.status}. Try again, or look at the server.`);
  };
  const absent = (file: string) =>
    new Error(`loadSegmenter: ${base + file} answered 404. Serve a folder that gss train or gss quickstart wrote.`);
  const bytes = async (response: Response | undefined) => response && new Uint8Array(await response.arrayBuffer());
  const [config, whole] = await Promise.all([ask(modelFiles.config), ask(modelFiles.weights)]);
  if (!config) throw absent(modelFiles.config);
  const text = await config.text();
  const single = await bytes(whole);
  if (single) return openSegmenter(text, parseSafetensors(single, { label: base + modelFiles.weights }), url);
  const index = await ask(modelFiles.index);
  if (!index) throw absent(modelFiles.weights);
  const get = async (file: string) => bytes(await ask(file));
  return openSegmenter(text, await readShards(await index.text(), base + modelFiles.index, get), url);
}

/** A picked or dropped file: the browser's File, or anything alike. */
export interface ModelFile {
  readonly name: string;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Loads a model from picked or dropped files: config.json and model.safetensors, or config.json, the index and all shards. */
export async function loadSegmenterFiles(files: Iterable<ModelFile>): Promise<Segmenter> {
  const byName = new Map([...files].map((file) => [file.name, file]));
  const config = byName.get(modelFiles.config);
  const weights = byName.get(modelFiles.weights);
  const index = byName.get(modelFiles.index);
  if (!config || !(weights || index))
    throw new Error(
      `loadSegmenterFiles: expected ${modelFiles.config} and ${modelFiles.weights} (or ${modelFiles.index} with its shards), got ${[...byName.keys()].join(', ') || 'no file'}.`,
    );
  const get = async (name: string) => {
    const file = byName.get(name);
    return file && new Uint8Array(await file.arrayBuffer());
  };
  const tensors = index
    ? await readShards(await index.text(), index.name, get)
    : parseSafetensors((await get(modelFiles.weights)) as Uint8Array, { label: modelFiles.weights });
  return openSegmenter(await config.text(), tensors);
}
