import { countBytes, type TensorSpec } from '../dtype.js';
import { CheckpointError, quote, SafetensorsError, show } from '../errors.js';

/** Name of the file that says which shard holds which tensor, as Hugging Face lays it out. */
export const shardIndexName = (stem = 'model'): string => `${stem}.safetensors.index.json`;

/** Name of shard `index` (from 1) of `count`. */
export const shardName = (index: number, count: number, stem = 'model'): string =>
  `${stem}-${String(index).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`;

/**
 * Cuts entries into shards of at most `limit` bytes of data, in order; a tensor larger than the limit is a shard of its
 * own. At least one shard.
 */
export function planShards<T extends TensorSpec>(
  entries: Iterable<readonly [string, T]>,
  limit: number,
): (readonly [string, T])[][] {
  if (!(limit > 0)) throw new RangeError(`planShards: expected a limit above 0 bytes, got ${limit}.`);
  let shard: (readonly [string, T])[] = [];
  const shards = [shard];
  let size = 0;
  for (const entry of entries) {
    const bytes = countBytes(entry[1]) ?? Number.POSITIVE_INFINITY; // impossible specs are refused when written
    if (shard.length > 0 && size + bytes > limit) {
      shard = [];
      shards.push(shard);
      size = 0;
    }
    shard.push(entry);
    size += bytes;
  }
  return shards;
}

/** The text of the index for planned shards: `{ metadata: { total_size }, weight_map: { name: file } }`. */
export function shardIndex(shards: readonly (readonly (readonly [string, TensorSpec])[])[], stem?: string): string {
  const map: [string, string][] = [];
  let total = 0;
  for (const [i, shard] of shards.entries())
    for (const [name, spec] of shard) {
      map.push([name, shardName(i + 1, shards.length, stem)]);
      total += countBytes(spec) as number;
    }
  return `${JSON.stringify({ metadata: { total_size: total }, weight_map: Object.fromEntries(map) }, null, 2)}\n`;
}

/**
 * Reads an index: file → names of its tensors, files in the order in which they are first named.
 * @param label the index's path, for errors.
 * @throws SafetensorsError when it is no such index, or names a file outside its folder.
 */
export function parseShardIndex(text: string, label: string): Map<string, Set<string>> {
  const fail = (message: string): never => {
    throw new SafetensorsError(`${message}. Write or copy the model again.`, { file: label });
  };
  let map: unknown;
  try {
    map = (JSON.parse(text) as { weight_map?: unknown } | null)?.weight_map;
  } catch (error) {
    return fail(`expected JSON, got: ${(error as Error).message}`);
  }
  if (typeof map !== 'object' || map === null || Array.isArray(map))
    return fail(`expected "weight_map" with a file for every tensor, got ${show(map)}`);
  const files = new Map<string, Set<string>>();
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !/^[^/\\:?#]+\.safetensors$/.test(file))
      fail(`expected a .safetensors file of the same folder for ${quote(name)}, got ${show(file)}`);
    const names = files.get(file as string);
    if (names) names.add(name);
    else files.set(file as string, new Set([name]));
  }
  return files;
}

/**
 * Checks that a shard holds just the tensors that the index promises of it.
 * @throws SafetensorsError that names a tensor missing or not promised: shards of two models were mixed.
 */
export function checkShard(file: string, promised: ReadonlySet<string>, found: Iterable<string>): void {
  const held = new Set(found);
  const complain = (tensor: string, message: string) => {
    throw new SafetensorsError(`${message}. The shards are not of one model; copy or write it again.`, {
      file,
      tensor,
    });
  };
  for (const name of promised)
    if (!held.has(name)) complain(name, 'the index promises it in this shard, which lacks it');
  for (const name of held) if (!promised.has(name)) complain(name, 'this shard holds it, the index does not say so');
}

/** The error for a shard that is not there; `all` are the files that the index names. */
export const missingShard = (file: string, label: string, all: number, cause?: unknown): CheckpointError =>
  new CheckpointError(
    `the shard ${file} is missing (the model has ${all}). Copy the whole folder: all shards and the index.`,
    { file: label },
    cause === undefined ? undefined : { cause },
  );
