import { checkShard, missingShard, parseSafetensors, parseShardIndex } from '@gss/checkpoint';
import { modelFiles } from '@gss/segmenter';
import type { StoredTensor } from '@gss/tensor';
import { type Manifest, parseManifest, verify } from './manifest.js';
import type { CallContext } from './scope.js';
import { fetchStored, type StoredFile } from './store.js';

/** What a model folder holds. */
export interface ModelFolder {
  /** For errors: its URL, or `files`. */
  readonly label: string;
  readonly config: string;
  readonly weights: ReadonlyMap<string, StoredTensor>;
  readonly bytes: number;
  /** The least that holds for config and weights. */
  readonly verified: 'sha256' | 'size' | 'none';
  /** Whether all weights came out of the browser's storage. */
  readonly cached: boolean;
}

type Read = (name: string, manifest: Manifest | undefined) => Promise<StoredFile | undefined>;
const manifestFile = 'manifest.json';
const strictness = ['none', 'size', 'sha256'] as const;

/** Reads files of a folder on a server; progress counts the bytes of all of them. */
function fromUrl(base: string, { signal, progress }: CallContext): Read {
  const counts = new Map<string, { done: number; total: number | undefined }>();
  const tell = (manifest: Manifest | undefined) => {
    let [done, total] = [0, 0];
    let known = true;
    for (const count of counts.values()) {
      done += count.done;
      total += count.total ?? 0;
      known &&= count.total !== undefined;
    }
    for (const [name, { size }] of manifest ?? []) if (!counts.has(name)) total += size;
    progress(done, known ? Math.max(done, total) : 0);
  };
  return (name, manifest) =>
    fetchStored(base + name, {
      signal,
      expected: manifest?.get(name),
      ...(name.endsWith('.json') ? { cache: 'no-cache' } : {}),
      onBytes(done, total) {
        counts.set(name, { done, total });
        tell(manifest);
      },
    });
}

/** Reads picked or dropped files. */
const fromFiles =
  (files: readonly File[]): Read =>
  async (name, manifest) => {
    const file = files.find((file) => file.name === name);
    if (!file) return undefined;
    const bytes = new Uint8Array(await file.arrayBuffer());
    return { bytes, cached: false, verified: await verify(bytes, manifest?.get(name), name) };
  };

/**
 * Reads a model folder: config.json and model.safetensors, or the index and its shards; manifest.json, where there is one, says what they
 * must be.
 * @throws CorruptWeightsError for files that are not the manifest's; SafetensorsError for damaged ones; Error for missing ones.
 */
export async function readFolder(source: string | readonly File[], context: CallContext): Promise<ModelFolder> {
  const base = typeof source === 'string' ? source.replace(/\/?$/, '/') : '';
  const label = typeof source === 'string' ? source.replace(/\/$/, '') : 'files';
  const read = typeof source === 'string' ? fromUrl(base, context) : fromFiles(source);
  const text = ({ bytes }: StoredFile) => new TextDecoder().decode(bytes);
  const there = typeof source === 'string' ? '' : ` among ${source.map(({ name }) => name).join(', ') || 'no file'}`;
  const absent = (name: string) =>
    new Error(`load: ${base}${name} is not there${there}. A model is a folder with config.json and model.safetensors.`);

  const listed = await read(manifestFile, undefined);
  const manifest = listed && parseManifest(text(listed), base + manifestFile);
  const [config, whole] = await Promise.all([
    read(modelFiles.config, manifest),
    manifest && !manifest.has(modelFiles.weights) ? undefined : read(modelFiles.weights, manifest),
  ]);
  if (!config) throw absent(modelFiles.config);
  const used = [config];
  const parts: StoredFile[] = [];
  const weights = new Map<string, StoredTensor>();
  if (whole) {
    parts.push(whole);
    for (const [name, tensor] of parseSafetensors(whole.bytes, { label: base + modelFiles.weights }))
      weights.set(name, tensor);
  } else {
    const index = await read(modelFiles.index, manifest);
    if (!index) throw absent(modelFiles.weights);
    used.push(index);
    const promised = parseShardIndex(text(index), base + modelFiles.index);
    for (const [file, names] of promised) {
      const part = await read(file, manifest);
      if (!part) throw missingShard(file, base + modelFiles.index, promised.size);
      parts.push(part);
      const shard = parseSafetensors(part.bytes, { label: base + file });
      checkShard(file, names, shard.keys());
      for (const [name, tensor] of shard) weights.set(name, tensor);
    }
  }
  const all = [...used, ...parts];
  return {
    label,
    config: text(config),
    weights,
    bytes: all.reduce((sum, { bytes }) => sum + bytes.length, 0),
    verified: strictness[Math.min(...all.map(({ verified }) => strictness.indexOf(verified)))]!,
    cached: parts.every(({ cached }) => cached),
  };
}
