import { join } from 'node:path';
import type { DatasetSource, TransformSpec } from '@gss/datasets';
import { type PrepareTokensReport, prepareDataset, prepareTokens, pruneTokens } from '@gss/datasets/node';
import { priorVariants } from '@gss/prior';
import { createMaskigeCodec, labelScale, openTokenizer } from '@gss/segmenter';
import { loadTokenizerFolder } from '@gss/segmenter/node';
import { disposeTree, type Tree } from '@gss/tensor';
import type { NodeBackend } from '@gss/tensor/node';
import type * as tf from '@tensorflow/tfjs-core';
import { InvalidArgumentError, Option } from 'commander';
import { type Context, command } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import { loadConfig } from '../config/load.js';
import { trainingPipeline } from '../data/pipeline.js';
import { type DataOptions, type OpenedData, openSplit, sameClasses, sourceOf } from '../data/sources.js';
import { encodeMaps, openTokens, type TokenCoder, whyNotCached } from '../data/tokens.js';
import { integer, optional, progress, splitOption, untilInterrupted, workersOption } from './dataset-options.js';
import { plural } from './dataset-report.js';
import { backendOption, startBackend, withData } from './options.js';

interface PrepareOptions extends DataOptions {
  readonly split: string;
  readonly out: string;
  readonly format: 'folder' | 'shards' | 'tokens';
  readonly shardSize: number;
  readonly workers?: number;
  readonly tokenizer?: string;
  readonly tokens?: string;
  readonly config?: string;
  readonly set?: string[];
  readonly crop?: readonly [width: number, height: number];
  readonly stride?: number;
  readonly flips?: boolean;
  readonly batchSize: number;
  readonly backend?: NodeBackend;
}

/** What is done to the labels before they become tokens, as the options or the config of stage II say. */
function tokenPipeline(options: PrepareOptions, size: OpenedData['size'], multiple: number): readonly TransformSpec[] {
  const { config, crop, stride, flips } = options;
  if (config) return trainingPipeline(loadConfig(config, options.set).prior, size);
  const flip: readonly TransformSpec[] = flips ? [{ type: 'RandomFlip' }] : [];
  if (!crop) return [...flip, { type: 'Pad', sizeDivisor: multiple }];
  const [width, height] = crop;
  return [
    { type: 'RandomCrop', width, height, stride: stride ?? Math.min(width, height) },
    ...flip,
    { type: 'Pad', width, height },
  ];
}

async function openCoder(folder: string, options: PrepareOptions): Promise<TokenCoder> {
  const { config, params } = await loadTokenizerFolder(folder);
  const tokenizer = openTokenizer(config.tokenizer, params);
  const head = options.config ? loadConfig(options.config, options.set).prior.head : 'nano';
  const sizes = { features: [], classes: config.classes.length, vocabulary: tokenizer.vocabulary };
  const scale = labelScale(tokenizer, { ...priorVariants[head], ...sizes });
  return { config, params, tokenizer, codec: createMaskigeCodec(config, config.tokenizer.input), scale };
}

async function writeTokens({ out, signal }: Context, options: PrepareOptions, source: DatasetSource) {
  const { tokenizer: folder, batchSize } = options;
  if (!folder) throw new UsageError('prepare: tokens are made by a tokenizer. Name its folder with --tokenizer DIR.');
  const data = await openSplit(options, options.split);
  await startBackend(out, options.backend);
  const coder = await openCoder(folder, options);
  try {
    sameClasses(coder.config.classes, data.classes, folder);
    const { downsample, multiple = downsample } = coder.tokenizer;
    const pipeline = tokenPipeline(options, data.size, Math.ceil(multiple / coder.scale));
    const reason = whyNotCached(coder, pipeline, data.size);
    if (reason) throw new UsageError(`prepare: the tokens cannot be kept: ${reason}.`);
    const root = options.tokens ?? (options.format === 'tokens' ? options.out : join(options.out, 'tokens'));
    const cache = await openTokens(root, coder);
    const bar = progress(out, 'tokens ');
    const report = await prepareTokens({
      source,
      cache,
      pipeline,
      encode: (maps) => encodeMaps(maps, coder),
      batchSize,
      signal,
      ...bar,
      ...optional('workers', options.workers),
    }).finally(bar.stop);
    out.line(
      `tokens of ${plural(report.maps, 'label map')} of ${plural(report.samples, 'picture')} in ${cache.folder} (${report.encoded} encoded now)`,
    );
    return { ...report, folder: cache.folder };
  } finally {
    coder.codec.dispose();
    disposeTree(coder.params as Tree<tf.Tensor>);
  }
}

async function writeFiles({ out, signal }: Context, options: PrepareOptions, source: DatasetSource) {
  const { split, format, shardSize } = options;
  if (format === 'tokens') return undefined;
  const bar = progress(out, 'prepare');
  const report = await prepareDataset({
    source,
    out: options.out,
    format,
    split,
    shardSize,
    ...bar,
    signal,
    ...optional('workers', options.workers),
  }).finally(bar.stop);
  const kept = report.kept
    ? ` (${plural(report.kept, format === 'shards' ? 'shard' : 'picture')} kept from before)`
    : '';
  out.line(`${report.samples} pictures in ${report.out}${kept}`);
  return report;
}

async function prepare(context: Context, options: PrepareOptions): Promise<undefined> {
  const source = sourceOf(options, options.split);
  const files = await writeFiles(context, options, source);
  const tokens: (PrepareTokensReport & { folder: string }) | undefined =
    options.tokenizer || options.format === 'tokens' ? await writeTokens(context, options, source) : undefined;
  context.out.result({ ...files, ...optional('tokens', tokens) });
  return undefined;
}

function parseCrop(value: string): readonly [number, number] {
  const [width, height = width] = value.split(/[x×,]/).map(Number);
  if (![width, height].every((n) => Number.isInteger(n) && n! >= 1))
    throw new InvalidArgumentError('Expected WIDTHxHEIGHT in pixels, such as 512x512.');
  return [width!, height!];
}

/** `gss dataset prepare` */
export const prepareCommand = () =>
  withData(
    command(
      'prepare',
      'write class-id PNGs in a folder, or packed shards, and the tokens of the labels',
      (context, options: PrepareOptions) =>
        untilInterrupted(context, 'The same command goes on where it stopped.', () => prepare(context, options)),
    ),
  )
    .addOption(splitOption())
    .requiredOption('--out <dir>', 'where to')
    .addOption(
      new Option('--format <kind>', 'folder, shards, or the tokens alone')
        .choices(['folder', 'shards', 'tokens'])
        .default('folder'),
    )
    .addOption(new Option('--shard-size <n>', 'pictures in a shard').argParser(integer(1)).default(1000))
    .addOption(workersOption())
    .option('--tokenizer <dir>', 'also write the tokens that this tokenizer makes of the labels')
    .option('--tokens <dir>', 'folder of token caches (default: OUT/tokens, or OUT for the tokens alone)')
    .option('--config <file>', 'the crops and flips that stage II of this experiment asks for')
    .option('--set <key=value...>', 'override a value of the config')
    .addOption(
      new Option('--crop <size>', 'fixed crops, such as 512x512 (default: whole pictures)').argParser(parseCrop),
    )
    .addOption(new Option('--stride <n>', 'pixels between two crops (default: their edge)').argParser(integer(1)))
    .option('--flips', 'mirrored too')
    .addOption(new Option('--batch-size <n>', 'label maps encoded at once').argParser(integer(1)).default(4))
    .addOption(backendOption());

const units: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

function parseBytes(value: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)b?$/i.exec(value) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('Expected a size such as 500MB or 2GB.');
  return Number(digits) * units[unit!.toLowerCase()]!;
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** `gss dataset prune DIR --max SIZE` */
export const pruneCommand = () =>
  command(
    'prune',
    'remove the tokens that were not used for longest from a folder of token caches',
    async ({ out }: Context, dir: string, options: { readonly max: number }) => {
      const report = await pruneTokens(dir, options.max);
      out.line(
        `removed ${report.removed.entries} (${megabytes(report.removed.bytes)}), kept ${report.kept.entries} (${megabytes(report.kept.bytes)})`,
      );
      out.result(report);
      return undefined;
    },
  )
    .argument('<dir>', 'folder that --tokens or --token-cache named')
    .addOption(
      new Option('--max <size>', 'keep at most this, such as 500MB').argParser(parseBytes).makeOptionMandatory(),
    );
