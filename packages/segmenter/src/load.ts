import { parseSafetensors } from '@gss/checkpoint';
import { loadParams, type StoredTensor } from '@gss/tensor';
import { parseModelConfig } from './config.js';
import { modelSpec } from './model.js';
import { createSegmenter, type Segmenter } from './segmenter.js';

/** Names of the files in a model folder. */
export const modelFiles = { config: 'config.json', weights: 'model.safetensors' } as const;

/** A segmenter from the contents of a model folder: the text of config.json and the weights by name. */
export function openSegmenter(
  configText: string,
  weights: ReadonlyMap<string, StoredTensor>,
  label = 'model',
): Segmenter {
  const config = parseModelConfig(configText, `${label}/${modelFiles.config}`);
  return createSegmenter(config, loadParams(`${label}/${modelFiles.weights}`, modelSpec(config), weights));
}

/** Loads a model folder over HTTP (browser, or Node's fetch): `url` with config.json and model.safetensors below it. */
export async function loadSegmenter(url: string, fetcher: typeof fetch = fetch): Promise<Segmenter> {
  const base = url.endsWith('/') ? url : `${url}/`;
  const get = async (file: string) => {
    const response = await fetcher(base + file);
    if (!response.ok)
      throw new Error(
        `loadSegmenter: ${base + file} answered ${response.status}. Serve a folder that gss train or gss quickstart wrote.`,
      );
    return response;
  };
  const [config, weights] = await Promise.all([get(modelFiles.config), get(modelFiles.weights)]);
  const bytes = new Uint8Array(await weights.arrayBuffer());
  return openSegmenter(await config.text(), parseSafetensors(bytes, { label: base + modelFiles.weights }), url);
}

/** Loads a model from picked or dropped files: config.json and model.safetensors. */
export async function loadSegmenterFiles(
  files: Iterable<{ readonly name: string; text(): Promise<string>; arrayBuffer(): Promise<ArrayBuffer> }>,
): Promise<Segmenter> {
  const byName = new Map([...files].map((file) => [file.name, file]));
  const config = byName.get(modelFiles.config);
  const weights = byName.get(modelFiles.weights);
  if (!config || !weights)
    throw new Error(
      `loadSegmenterFiles: expected ${modelFiles.config} and ${modelFiles.weights}, got ${[...byName.keys()].join(', ') || 'no file'}.`,
    );
  return openSegmenter(
    await config.text(),
    parseSafetensors(new Uint8Array(await weights.arrayBuffer()), { label: weights.name }),
  );
}
