import { type StorageType, storageTypes } from '@gss/segmenter';
import { packFolder } from '@gss/segmenter/node';
import { InvalidArgumentError, Option } from 'commander';
import { type Context, command } from '../cli/command.js';

interface Options {
  readonly dtype: StorageType;
  readonly shardSize?: number;
}

/** A size in megabytes as bytes. */
function parseMegabytes(text: string): number {
  const bytes = Math.round(Number(text) * 1e6);
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidArgumentError(`expected megabytes above 0, e.g. 2000, got ${text}.`);
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;

async function run({ out }: Context, from: string, to: string, { dtype, shardSize }: Options): Promise<undefined> {
  const packed = await packFolder(from, to, dtype, shardSize === undefined ? {} : { limit: shardSize });
  const { before, after, files } = packed;
  out.line(`${to}: ${dtype} weights, ${megabytes(after)} (${from}: ${megabytes(before)})`);
  if (files.length > 1) out.line(`in ${files.length} shards; copy the folder as a whole`);
  if (dtype !== 'f32') out.line(`Compare it before you ship it: gss evaluate --model ${to}`);
  out.result({ folder: to, dtype, before, after, files });
  return undefined;
}

/** `gss model pack` */
export const modelPackCommand = () =>
  command('pack', "write a model's (or tokenizer's) folder with smaller weights, or from shards into one file", run)
    .argument('<dir>', 'a folder that gss train or gss convert wrote')
    .argument('<out>', 'the new folder: not there yet, or empty')
    .addOption(
      new Option('--dtype <type>', 'of matrices, kernels and tables; biases, norms and statistics stay f32')
        .choices(storageTypes)
        .default('f16'),
    )
    .addOption(
      new Option('--shard-size <mb>', 'largest data of one file in megabytes (default: 2000)').argParser(
        parseMegabytes,
      ),
    );
