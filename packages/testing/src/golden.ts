import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSafetensors } from '@gss/checkpoint';
import { type StoredTensor, storedToFloat32, storedToInt32 } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** One golden fixture: NAME.json (its manifest) and NAME.safetensors, which a fixture of plain numbers has not. */
export interface Golden {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: a manifest is free-form JSON; each test reads what its family documents.
  readonly manifest: any;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** All `param.*` (or another prefix) without the prefix. */
  params(prefix?: string): Map<string, StoredTensor>;
  /** A tensor as it is stored. */
  tensor(name: string): tf.Tensor;
  /** An NCHW tensor as NHWC. */
  nhwc(name: string): tf.Tensor4D;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const folders = [join(root, 'fixtures', 'golden'), join(root, '..', 'shared', 'golden')];

/** Folder that holds fixture `name`: the committed copy first, else the full set beside the repository, else undefined. */
export const findGolden = (name: string): string | undefined =>
  folders.find((folder) => existsSync(join(folder, `${name}.json`)));

/** Reads a fixture from `folder` (default: wherever `findGolden` finds it). */
export function readGolden(name: string, folder = findGolden(name)): Golden {
  if (!folder) throw new Error(`golden fixture ${name} is neither in fixtures/golden nor in ../shared/golden`);
  const manifest = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  const path = join(folder, `${name}.safetensors`);
  const tensors: ReadonlyMap<string, StoredTensor> = existsSync(path)
    ? parseSafetensors(readFileSync(path))
    : new Map();
  const get = (key: string): StoredTensor => {
    const stored = tensors.get(key);
    if (!stored) throw new Error(`golden fixture ${name} has no tensor ${key}`);
    return stored;
  };
  const isInteger = ({ dtype }: StoredTensor) => !dtype.includes('F');
  const tensor = (key: string) => {
    const stored = get(key);
    return isInteger(stored)
      ? tf.tensor(storedToInt32(stored), [...stored.shape], 'int32')
      : tf.tensor(storedToFloat32(stored), [...stored.shape]);
  };
  return {
    name,
    manifest,
    tensors,
    params: (prefix = 'param.') =>
      new Map(
        [...tensors].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value]),
      ),
    tensor,
    nhwc: (key) => tf.tidy(() => tf.transpose(tensor(key) as tf.Tensor4D, [0, 2, 3, 1])),
  };
}
