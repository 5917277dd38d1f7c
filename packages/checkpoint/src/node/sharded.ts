import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredTensor, TensorSpec } from '../dtype.js';
import { SafetensorsError } from '../errors.js';
import type { Metadata } from '../safetensors/layout.js';
import {
  checkShard,
  missingShard,
  parseShardIndex,
  planShards,
  shardIndex,
  shardIndexName,
  shardName,
} from '../safetensors/shards.js';
import { select } from '../select.js';
import { writeFileAtomic } from './atomic.js';
import { openSafetensors, type SafetensorsFile } from './open.js';
import { type WritableTensor, writeSafetensors } from './write.js';

/** Data of one file at most, where nothing else is said: what browsers and 32-bit offsets still carry. */
export const defaultShardBytes = 2_000_000_000;

/** Names of the files of a folder that belong to a sharded model. */
const isShard = (stem: string) => {
  const pattern = /^-\d{5}-of-\d{5}\.safetensors$/;
  return (file: string) => file.startsWith(stem) && pattern.test(file.slice(stem.length));
};

/**
 * Writes tensors into a folder as `model.safetensors`, or, above `limit` bytes of data, as
 * `model-00001-of-0000N.safetensors` and `model.safetensors.index.json`. Data functions are called in turn, so memory
 * stays bounded by the largest tensor.
 *
 * One file replaces the old one in one step. Shards are written beside it first (a full disk leaves the old model
 * untouched), then put in place with the index last: a crash within these renames leaves a folder without an index that
 * is refused by name, never a mixture. Files of an earlier, other division are removed.
 * @throws as `writeSafetensors`.
 */
export async function writeShardedSafetensors(
  folder: string,
  entries: Iterable<readonly [string, WritableTensor]>,
  options: { readonly limit?: number; readonly metadata?: Metadata; readonly stem?: string } = {},
): Promise<{ files: string[] }> {
  const { limit = defaultShardBytes, metadata = {}, stem = 'model' } = options;
  const shards = planShards(entries, limit);
  const whole = `${stem}.safetensors`;
  const index = join(folder, shardIndexName(stem));
  const only = shards.length === 1 ? shards[0] : undefined;
  const files = only ? [whole] : shards.map((_, i) => shardName(i + 1, shards.length, stem));
  if (only) {
    await writeSafetensors(join(folder, whole), only, metadata);
    await rm(index, { force: true });
  } else {
    const seen = new Set<string>();
    const twice = shards.flat().find(([name]) => seen.size === seen.add(name).size)?.[0];
    if (twice !== undefined)
      throw new SafetensorsError('expected every name once, got it twice. Rename one.', {
        file: folder,
        tensor: twice,
      });
    const beside = join(folder, `.${stem}.${randomBytes(6).toString('hex')}.tmp`);
    await mkdir(beside);
    try {
      for (const [i, shard] of shards.entries())
        await writeSafetensors(join(beside, files[i] as string), shard, metadata);
      await rm(index, { force: true });
      for (const file of files) await rename(join(beside, file), join(folder, file));
    } finally {
      await rm(beside, { recursive: true, force: true });
    }
    await writeFileAtomic(index, shardIndex(shards, stem));
    await rm(join(folder, whole), { force: true });
  }
  const stale = (await readdir(folder)).filter((file) => isShard(stem)(file) && !files.includes(file));
  for (const file of stale) await rm(join(folder, file), { force: true });
  return { files };
}

/** The tensors of a folder, in one file or in shards; their headers are in memory, their data is not. */
export interface SafetensorsFolder {
  /** Type and shape of every tensor, in the order of the files. */
  readonly tensors: ReadonlyMap<string, TensorSpec>;
  /** Paths of the files that hold them. */
  readonly files: readonly string[];
  /** Reads one tensor into memory of its own. @throws SafetensorsError when there is none of that name. */
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

/**
 * Opens the tensors of a folder: those of the shards where there is an index, else of `model.safetensors`.
 * @throws CheckpointError when a file is missing (a missing shard is named), SafetensorsError when one breaks the format
 * or holds other tensors than the index says.
 */
export async function openSafetensorsFolder(folder: string, stem = 'model'): Promise<SafetensorsFolder> {
  const index = join(folder, shardIndexName(stem));
  const open: SafetensorsFile[] = [];
  const close = async () => {
    for (const file of open) await file.close();
  };
  try {
    if (!existsSync(index)) {
      const parts = existsSync(folder) ? (await readdir(folder)).filter(isShard(stem)) : [];
      const whole = join(folder, `${stem}.safetensors`);
      if (parts.length > 0 && !existsSync(whole))
        throw new SafetensorsError(
          `shards without their index (${parts.length} of them): the writing or copying was cut off. Do it again.`,
          { file: index },
        );
      open.push(await openSafetensors(whole));
    } else {
      const promised = parseShardIndex(await readFile(index, 'utf8'), index);
      for (const [file, names] of promised) {
        const path = join(folder, file);
        if (!existsSync(path)) throw missingShard(file, index, promised.size);
        const shard = await openSafetensors(path);
        open.push(shard);
        checkShard(path, names, shard.tensors.keys());
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  const owners = new Map(open.flatMap((file) => [...file.tensors.keys()].map((name) => [name, file] as const)));
  return {
    tensors: new Map(open.flatMap((file) => [...file.tensors])),
    files: open.map((file) => file.path),
    read: (name) => {
      const file = owners.get(name);
      if (!file)
        throw new SafetensorsError(`expected a tensor of this folder, which has ${owners.size}.`, {
          file: folder,
          tensor: name,
        });
      return file.read(name);
    },
    close,
  };
}

/**
 * Reads the tensors of a folder, in one file or in shards: name → tensor.
 * @param options `prefix` reads only names that begin so, and takes the prefix off, as `select` does.
 */
export async function readSafetensorsFolder(
  folder: string,
  { prefix = '', stem }: { readonly prefix?: string; readonly stem?: string } = {},
): Promise<Map<string, StoredTensor>> {
  const opened = await openSafetensorsFolder(folder, stem);
  try {
    const tensors = new Map<string, StoredTensor>();
    for (const name of select(opened.tensors, prefix).keys()) tensors.set(name, await opened.read(prefix + name));
    return tensors;
  } finally {
    await opened.close();
  }
}
