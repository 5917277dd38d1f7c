import { closeSync, existsSync, openSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { shardIndexName } from '@gss/checkpoint';
import { openSafetensorsSync, writeSafetensors } from '@gss/checkpoint/node';
import { openNpz, writeNpz } from '@gss/checkpoint/npz/node';
import { type Pickleable, PickleDict, type PickleValue, PyTorchError } from '@gss/checkpoint/pytorch';
import { openPyTorch, writePyTorch } from '@gss/checkpoint/pytorch/node';
import { UsageError } from '../cli/errors.js';
import type { Weights } from './weights.js';

export type Format = 'safetensors' | 'pytorch' | 'npz';

/** An open file of tensors. */
export interface Input {
  readonly path: string;
  readonly format: Format;
  readonly weights: Weights;
  /** What else the file said of itself, for people. */
  readonly notes: readonly string[];
  /** Class names and colours that mmsegmentation keeps. */
  readonly meta?: { readonly classes?: readonly string[]; readonly palette?: readonly (readonly number[])[] };
  /** The config.json of the model folder that it lies in. */
  readonly config?: string;
  close(): void;
}

const beginning = (path: string): Uint8Array => {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(4096);
    return bytes.subarray(0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
};

/** The format by the first bytes: names of files lie. */
function formatOf(path: string): Format {
  const bytes = beginning(path);
  const zip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  if (zip) {
    const nameLength = (bytes[26] ?? 0) + 256 * (bytes[27] ?? 0);
    return String.fromCharCode(...bytes.subarray(30, 30 + nameLength)).endsWith('.npy') ? 'npz' : 'pytorch';
  }
  if (bytes[0] === 0x80) return 'pytorch';
  if (bytes[8] === 0x7b) return 'safetensors';
  throw new UsageError(
    `${path}: is neither safetensors, PyTorch (.pth, .pt, .pkl, .bin) nor .npz. Was it downloaded whole? An .html or a Git LFS pointer begins with text.`,
  );
}

/**
 * Opens a file, or the weights of a model folder; tensors are read when their data is asked for.
 * @param classes of Python that the user expects in a pickle.
 * @param key under which a pickle keeps its state dict.
 */
export function openInput(given: string, classes: readonly string[], key?: string): Input {
  if (!existsSync(given)) throw new UsageError(`${given}: no such file or folder.`);
  const path = statSync(given).isDirectory() ? join(given, 'model.safetensors') : given;
  if (existsSync(join(given, shardIndexName())))
    throw new UsageError(
      `${given}: weights in shards. Join them first: gss model pack ${given} WHOLE --dtype f32 --shard-size 1000000.`,
    );
  if (!existsSync(path))
    throw new UsageError(
      `${given}: a folder without model.safetensors. Name a file, or a folder that gss train wrote.`,
    );
  const format = formatOf(path);
  if (format === 'safetensors') {
    const { tensors, metadata, close } = openSafetensorsSync(path);
    const besides = join(dirname(path), 'config.json');
    const config =
      path.endsWith('model.safetensors') && existsSync(besides) ? readFileSync(besides, 'utf8') : undefined;
    if (config !== undefined && [...tensors.values()].some(({ dtype }) => dtype === 'I8')) {
      close();
      throw new UsageError(
        `${given}: weights in 8 bits. Make them float32 first: gss model pack ${dirname(path)} WHOLE --dtype f32.`,
      );
    }
    const notes = metadata.converted_from ? [`${path} was converted from ${metadata.converted_from}`] : [];
    return { path, format, weights: tensors, notes, close, ...(config === undefined ? {} : { config }) };
  }
  if (format === 'npz') {
    const { tensors, skipped, close } = openNpz(path);
    const notes = [...skipped].map(([name, why]) => `${path}: ${name} is no tensor (${why})`);
    return { path, format, weights: tensors, notes, close };
  }
  return openPickled(path, classes, key);
}

function openPickled(path: string, classes: readonly string[], key: string | undefined): Input {
  const format = 'pytorch';
  try {
    const { value, stateDict, close } = openPyTorch(path, { classes });
    const meta = value instanceof PickleDict ? value.get('meta') : undefined;
    const weights = stateDict(key);
    return { path, format, weights, notes: [], close, ...(meta instanceof PickleDict ? { meta: metaOf(meta) } : {}) };
  } catch (error) {
    const name = /pass classes: \["([^"]+)"\]/.exec((error as Error).message)?.[1];
    if (!(error instanceof PyTorchError) || name === undefined) throw error;
    throw new UsageError(
      `${path}: names the Python class ${name}, which is not on the list of what is understood; nothing of it was run. If you expected it, add --class ${name}: its objects are then read as plain data, never run.`,
    );
  }
}

function metaOf(meta: PickleDict): NonNullable<Input['meta']> {
  const classes = meta.get('CLASSES');
  const palette = meta.get('PALETTE');
  const isText = (value: unknown): value is readonly string[] =>
    Array.isArray(value) && value.every((item) => typeof item === 'string');
  const isColours = (value: PickleValue | undefined): value is readonly (readonly number[])[] =>
    Array.isArray(value) && value.every((item) => Array.isArray(item) && item.every((n) => typeof n === 'number'));
  return { ...(isText(classes) ? { classes } : {}), ...(isColours(palette) ? { palette } : {}) };
}

const formats: Readonly<Record<string, Format>> = {
  '.safetensors': 'safetensors',
  '.pth': 'pytorch',
  '.pt': 'pytorch',
  '.pkl': 'pytorch',
  '.ckpt': 'pytorch',
  '.bin': 'pytorch',
  '.npz': 'npz',
};

/** The format that a file's name asks for. */
export function outputFormat(path: string): Format {
  const format = formats[extname(path).toLowerCase()];
  if (format) return format;
  throw new UsageError(
    `${path}: what format is it to have? End its name in ${Object.keys(formats).join(' ')}; the last argument is the file to write.`,
  );
}

/** Refuses to write over what is still to be read from. */
export function refuseOwnInput(output: string, inputs: readonly Input[]): void {
  if (!existsSync(output)) return;
  const target = realpathSync(output);
  const same = inputs.find(({ path }) => realpathSync(path) === target);
  if (same) throw new UsageError(`${output} is one of the files to be converted. Write to another name.`);
}

export interface WriteOptions {
  /** Key of a `.pth` for the state dict. */
  readonly key?: string;
  /** Beside it in a `.pth`, as mmsegmentation has it. */
  readonly meta?: Pickleable;
  /** Texts in a safetensors file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Writes a file whole or not at all, one tensor at a time. */
export async function writeOutput(
  path: string,
  weights: Weights,
  { key, meta, metadata }: WriteOptions,
): Promise<void> {
  const format = outputFormat(path);
  if (format === 'safetensors') await writeSafetensors(path, weights, { format: 'pt', ...metadata });
  else if (format === 'npz') await writeNpz(path, weights);
  else
    await writePyTorch(path, weights, {
      ...(key === undefined ? {} : { key }),
      ...(meta === undefined ? {} : { meta }),
    });
}
