import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type GssModelConfig, neededKernels, parseModelConfig } from '@gss/segmenter';
import { type Preset, preset, presetNames } from '@gss/segmenter/presets';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Context, command } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import type { Output } from '../cli/output.js';
import { type Inspection, inspect, trainsOnly } from '../inspect/inspect.js';
import type { PartName } from '../inspect/parts.js';
import { modelPackCommand } from './model-pack.js';
import { shippedModels } from './model-shipped.js';
import { positive } from './options.js';

interface Options {
  readonly size?: readonly [number, number];
  readonly classes?: number;
  readonly kind?: GssModelConfig['kind'];
}

/** `HxW` in pixels, height first as everywhere here. */
function parseSize(text: string): readonly [number, number] {
  const [, h, w] = /^(\d+)[x×](\d+)$/.exec(text) ?? [];
  const size = [Number(h), Number(w)] as const;
  if (size.every((side) => side >= 1 && side <= 16384)) return size;
  throw new InvalidArgumentError(`expected HEIGHTxWIDTH of 1 to 16384 pixels, e.g. 512x512, got ${text}.`);
}

interface Subject {
  readonly config: GssModelConfig;
  readonly preset?: Preset;
  /** The size to count at where none is asked for. */
  readonly size: readonly [number, number];
}

/** A preset by name, or the config.json of a model folder; shipped models by name. */
function subjectOf(name: string, { classes, kind }: Options): Subject {
  const given = existsSync(name) ? name : (shippedModels().get(name) ?? name);
  if (existsSync(given) && statSync(given).isDirectory()) {
    if (classes !== undefined || kind !== undefined)
      throw new UsageError(
        `${given} is a model folder: its classes and kind are fixed. Leave --classes and --kind out.`,
      );
    const path = join(given, 'config.json');
    if (!existsSync(path))
      throw new UsageError(
        `${given}: a folder without config.json. Name a folder that gss train or gss convert wrote.`,
      );
    const config = parseModelConfig(readFileSync(path, 'utf8'), path);
    return { config, size: config.inference.mode === 'slide' ? config.inference.crop : [512, 512] };
  }
  const found = preset(given, { ...(classes === undefined ? {} : { classes }), ...(kind ? { kind } : {}) });
  return { config: found.model, preset: found, size: found.prior.crop };
}

const count = (value: number) =>
  value >= 1e9
    ? `${(value / 1e9).toFixed(2)} G`
    : value >= 1e6
      ? `${(value / 1e6).toFixed(2)} M`
      : `${(value / 1e3).toFixed(1)} k`;
const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

function print(
  out: Output,
  { config, preset }: Subject,
  { parameters, flops, parts, size, tokens, memory }: Inspection,
) {
  out.line(`${config.name}${preset ? `: ${preset.title}` : ''}`);
  if (preset?.paper) {
    const { table, row, published } = preset.paper;
    out.line(
      `the paper's Table ${table}, ${row}: ${published.metric} ${published.value} (published, not measured here)`,
    );
  }
  out.line(
    `${config.kind}, ${config.classes.length} classes, ${config.backbone.type} backbone, ${config.tokenizer.type} tokenizer`,
  );
  out.line();
  out.line(`${'part'.padEnd(18)} ${'parameters'.padStart(12)} ${'FLOPs'.padStart(12)}   at ${size[0]} × ${size[1]}`);
  for (const [name, part] of Object.entries(parts)) {
    const note = trainsOnly(name as PartName) ? '  training only' : '';
    out.line(
      `${name.padEnd(18)} ${part.parameters.toLocaleString('en').padStart(12)} ${count(part.flops).padStart(12)}${note}`,
    );
  }
  out.line(
    `${'all'.padEnd(18)} ${parameters.toLocaleString('en').padStart(12)} ${count(flops).padStart(12)}  to segment`,
  );
  out.line();
  if (tokens) out.line(`tokens      ${tokens.height} × ${tokens.width} of ${tokens.vocabulary} codes`);
  out.line(
    `memory      ${megabytes(memory.weights)} of weights, ${megabytes(memory.activations)} of maps at once (one image, float32)`,
  );
  out.line(`training    ${megabytes(memory.training)} for weights, gradients and AdamW, and the maps of a batch`);
  out.line(`kernels     ${neededKernels(config).join(' ')}`);
  out.line('One multiply-add counts as one FLOP, as in the papers.');
  for (const remark of preset?.remarks ?? []) out.line(`note: ${remark}.`);
}

async function run({ out }: Context, given: string, options: Options) {
  const subject = subjectOf(given, options);
  const inspection = await inspect(subject.config, options.size ?? subject.size);
  print(out, subject, inspection);
  const { preset } = subject;
  out.result({
    name: subject.config.name,
    kind: subject.config.kind,
    ...inspection,
    kernels: neededKernels(subject.config),
    ...(preset?.paper ? { paper: preset.paper } : {}),
  });
  return undefined;
}

async function list({ out }: Context) {
  const width = Math.max(...presetNames().map((name) => name.length));
  const presets = presetNames().map((name) => {
    const { title, paper } = preset(name);
    return { name, title, ...(paper ? { paper } : {}) };
  });
  for (const { name, title, paper } of presets)
    out.line(`${name.padEnd(width)}  ${title}${paper ? ` (Table ${paper.table}: ${paper.published.value})` : ''}`);
  const shipped = [...shippedModels()].map(([name, folder]) => ({ name, folder }));
  for (const { name, folder } of shipped) out.line(`${name.padEnd(width)}  shipped, trained: ${folder}`);
  out.result({ presets, shipped });
  return undefined;
}

/** `gss model inspect|list|pack` */
export const modelCommand = () =>
  new Command('model')
    .description('what models are made of')
    .addCommand(
      command('inspect', 'parameters, FLOPs, tokens and memory of a preset or a model folder, without running it', run)
        .argument('<preset|dir|name>', 'see gss model list, or a model folder, or the name of a shipped model')
        .addOption(
          new Option('--size <HxW>', 'size of the image (default: the crop it trains on)').argParser(parseSize),
        )
        .addOption(new Option('--classes <n>', "another number of classes than the preset's").argParser(positive))
        .addOption(
          new Option('--kind <kind>', 'the preset as it is, or its discriminative twin').choices([
            'generative',
            'discriminative',
          ]),
        ),
    )
    .addCommand(command('list', 'all presets', list))
    .addCommand(modelPackCommand());
