import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CheckpointError, scaleSuffix } from '@gss/checkpoint';
import {
  defaultShardBytes,
  openSafetensorsFolder,
  type SafetensorsFolder,
  writeFileAtomic,
  writeShardedSafetensors,
} from '@gss/checkpoint/node';
import type { StoredTensor } from '@gss/tensor';
import { type GssModelConfig, type GssTokenizerConfig, parseTokenizerConfig } from '../config.js';
import { modelFiles } from '../load.js';
import { modelSpec } from '../model.js';
import { type StorageType, unpackWeights } from '../storage.js';
import { readConfig, tokenizerFolderSpec } from './folder.js';
import { packWeights } from './pack-weights.js';

/** What `packFolder` did. */
export interface PackResult {
  /** Bytes of the weights' files before and after. */
  readonly before: number;
  readonly after: number;
  /** Names of the files of weights written. */
  readonly files: readonly string[];
}

const specOf = (config: GssModelConfig | GssTokenizerConfig) =>
  config.format === 'gss-model' ? modelSpec(config) : tokenizerFolderSpec(config);

const sizeOf = (paths: readonly string[]) => paths.reduce((bytes, path) => bytes + statSync(path).size, 0);

/** Names of the parameters in a folder, and a function that reads one, dequantised where it must be. */
function parametersOf(folder: string, opened: SafetensorsFolder, storage: StorageType | undefined) {
  const isScale = (name: string) =>
    storage === 'int8' && name.endsWith(scaleSuffix) && opened.tensors.has(name.slice(0, -scaleSuffix.length));
  const read = async (name: string): Promise<StoredTensor> => {
    const given = new Map([[name, await opened.read(name)]]);
    const scale = name + scaleSuffix;
    if (storage === 'int8' && opened.tensors.has(scale)) given.set(scale, await opened.read(scale));
    return unpackWeights(storage, given, folder).get(name) as StoredTensor;
  };
  return { names: new Set([...opened.tensors.keys()].filter((name) => !isScale(name))), read };
}

/**
 * Writes the model (or tokenizer) of a folder into another one with its weights stored as `storage`. All of it appears
 * at once: it is written beside `out` and renamed. Memory stays bounded by the largest tensor.
 * @param out a folder that does not exist or is empty.
 * @param options `limit`: bytes of data in one file, 2 GB where nothing is said.
 * @throws ModelConfigError, WeightsError or CheckpointError for what cannot be read, or when `out` holds files.
 */
export async function packFolder(
  folder: string,
  out: string,
  storage: StorageType,
  { limit = defaultShardBytes }: { readonly limit?: number } = {},
): Promise<PackResult> {
  const config = parseTokenizerConfig(readConfig(folder), join(folder, modelFiles.config));
  const target = resolve(out);
  if (existsSync(target) && (!statSync(target).isDirectory() || readdirSync(target).length > 0))
    throw new CheckpointError('expected a folder that is empty or not there, got one with files. Name another.', {
      file: out,
    });
  const opened = await openSafetensorsFolder(folder);
  try {
    const { names, read } = parametersOf(folder, opened, config.storage);
    const entries = packWeights(specOf(config), storage, names, read, folder);
    mkdirSync(dirname(target), { recursive: true });
    const beside = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
    mkdirSync(beside);
    try {
      const { files } = await writeShardedSafetensors(beside, entries, { limit, metadata: { format: 'gss' } });
      const { storage: _, ...rest } = config;
      const saved = storage === 'f32' ? rest : { ...rest, storage };
      await writeFileAtomic(join(beside, modelFiles.config), `${JSON.stringify(saved, null, 2)}\n`);
      const after = sizeOf(files.map((file) => join(beside, file)));
      renameSync(beside, target);
      return { before: sizeOf(opened.files), after, files };
    } catch (error) {
      rmSync(beside, { recursive: true, force: true });
      throw error;
    }
  } finally {
    await opened.close();
  }
}
