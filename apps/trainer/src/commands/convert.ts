import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Pickleable } from '@gss/checkpoint/pytorch';
import { type GssModelConfig, modelSpec, parseModelConfig } from '@gss/segmenter';
import { Option } from 'commander';
import { type Context, command } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import { type CastType, castTypes } from '../convert/cast.js';
import { type Conversion, convert } from '../convert/convert.js';
import { families, namingNames } from '../convert/families.js';
import { type Input, openInput, outputFormat, refuseOwnInput, writeOutput } from '../convert/files.js';
import { folderConfig, isFolder, writeFolder } from '../convert/folder.js';
import { describeConversion, inUnits, printConversion } from '../convert/report.js';
import { paletteHelp } from '../images/palettes.js';

interface Flags {
  readonly from?: string;
  readonly to: string;
  readonly key?: string;
  readonly select?: string;
  readonly prefix?: string;
  readonly dtype?: CastType;
  readonly discriminator?: boolean;
  readonly partial?: boolean;
  readonly keepUnused?: boolean;
  readonly config?: string;
  readonly classes?: string;
  readonly palette?: string;
  readonly class?: readonly string[];
  readonly dryRun?: boolean;
  readonly list?: boolean;
}

/** The config that the tensors must fit: of --config, or beside the weights of a model folder. */
function modelConfig(inputs: readonly Input[], given: string | undefined): GssModelConfig | undefined {
  if (given !== undefined) {
    const path = existsSync(given) && statSync(given).isDirectory() ? join(given, 'config.json') : given;
    if (!existsSync(path)) throw new UsageError(`--config ${given}: no such file. Name a config.json or its folder.`);
    return parseModelConfig(readFileSync(path, 'utf8'), path);
  }
  const text = inputs.length === 1 ? inputs[0]!.config : undefined;
  if (text === undefined || !/"format":\s*"gss-model"/.test(text)) return undefined;
  return parseModelConfig(text, `config.json of ${inputs[0]!.path}`);
}

/** Class names and colours under mmsegmentation's keys. */
function metaOf(inputs: readonly Input[], config: GssModelConfig | undefined): Pickleable | undefined {
  const known = inputs.find(({ meta }) => meta)?.meta;
  const classes = config?.classes.map(({ name }) => name) ?? known?.classes;
  const palette = config?.classes.map(({ color }) => [...color]) ?? known?.palette?.map((color) => [...color]);
  return classes || palette ? { CLASSES: classes ?? null, PALETTE: palette ?? null } : undefined;
}

async function write(output: string, inputs: readonly Input[], done: Conversion, config?: GssModelConfig) {
  const { merged, target, described, weights } = done;
  const family = merged.detected?.family.name;
  const meta = target?.name === 'mmseg' && target.key ? metaOf(inputs, config) : undefined;
  await writeOutput(output, weights, {
    ...(target?.key ? { key: target.key } : {}),
    ...(meta === undefined ? {} : { meta }),
    metadata: {
      converted_from: inputs.map(({ path }) => path.split(/[\\/]/).at(-1)).join(', '),
      ...(family ? { 'gss.family': family } : {}),
      ...(described && target?.name === 'gss' ? { 'gss.config': JSON.stringify(described.config) } : {}),
    },
  });
}

async function run({ out }: Context, paths: readonly string[], flags: Flags): Promise<number | undefined> {
  const output = paths.at(-1)!;
  if (paths.length < 2)
    throw new UsageError(`convert: ${output} is to be converted into what? Name the file to write last.`);
  const folder = isFolder(output);
  if (!folder) outputFormat(output);
  else if (flags.prefix !== undefined) throw new UsageError('--prefix: names within a folder are fixed. Leave it out.');
  const inputs: Input[] = [];
  try {
    for (const path of paths.slice(0, -1)) inputs.push(openInput(path, flags.class ?? [], flags.key));
    refuseOwnInput(output, inputs);
    const config = flags.select === undefined ? modelConfig(inputs, flags.config) : undefined;
    const done = convert(inputs, {
      ...flags,
      discriminator: Boolean(flags.discriminator),
      partial: Boolean(flags.partial),
      keepUnused: Boolean(flags.keepUnused),
      ...(config ? { described: { config, spec: modelSpec(config) } } : {}),
    });
    const usable = done.complete || Boolean(flags.partial) || flags.to === 'same';
    const written = usable && !flags.dryRun;
    const before = done.notes.length;
    printConversion(
      out,
      describeConversion(inputs, output, done),
      done.merged.detected?.family.title,
      Boolean(flags.list),
    );
    if (usable && folder) {
      const made = folderConfig(output, inputs, done, flags);
      if (written) await writeFolder(output, done, made);
    } else if (written) await write(output, inputs, done, config);
    for (const note of done.notes.slice(before)) out.line(`note      ${note}`);
    const found = describeConversion(inputs, output, done);
    out.result({ ...found, written });
    if (written)
      out.line(`wrote     ${output}: ${found.tensors} tensors, ${inUnits(found.bytes)} (${found.dtypes.join(', ')})`);
    else if (usable) out.line(`--dry-run: ${output} was not written`);
    if (usable) return undefined;
    out.note(
      `gss: convert: tensors are missing or have another shape, so ${output} was not written. Give the files that lack, cut the right part out with --select, or write what is there with --partial.`,
    );
    return 1;
  } finally {
    for (const input of inputs) input.close();
  }
}

const kinds = families
  .map(({ title, namings }) => `  ${title.padEnd(20)} ${namings.map(({ name }) => name).join(', ')}`)
  .join('\n');

/** `gss convert` */
export const convertCommand = () =>
  command(
    'convert',
    'checkpoints between formats and naming schemes, both ways',
    (context, paths: string[], flags: Flags) => run(context, paths, flags),
  )
    .argument(
      '<files...>',
      'files to read (.safetensors, .pth, .pt, .pkl, .npz or a model folder), then the file to write, or a folder that the other commands load',
    )
    .option('--from <names>', `how the input names its tensors (default: detected): ${namingNames.join(', ')}`)
    .option('--to <names>', 'how the output is to name them; same keeps names and all tensors', 'gss')
    .option('--select <prefix>', 'take only tensors whose names begin so, without the beginning, e.g. backbone.')
    .option(
      '--key <name>',
      'key of the state dict in a PyTorch file (default: state_dict or model), e.g. state_dict_ema',
    )
    .option('--prefix <text>', 'put this before every name of the output')
    .addOption(new Option('--dtype <type>', 'write floats in this type (default: as they are)').choices([...castTypes]))
    .option(
      '--config <file>',
      'config.json of the model that the result must fit (default: sizes are told from shapes)',
    )
    .option('--classes <file>', 'classes.json for a folder (default: the classes that mmsegmentation kept)')
    .option('--palette <name|file>', `colours for a folder: ${paletteHelp}`)
    .option('--discriminator', "keep VQGAN's discriminator")
    .option('--partial', 'write although tensors are missing')
    .option('--keep-unused', 'keep tensors that the model does not know')
    .option(
      '--class <name>',
      'a Python class that you expect in a pickle (may be repeated); its objects are read as data, never run',
      (name: string, names: readonly string[] = []) => [...names, name],
    )
    .option('--dry-run', 'report, write nothing')
    .option('--list', 'list every tensor of the report')
    .addHelpText(
      'after',
      `\nModels and their names (the first are ours; mmseg is another word for gss where they agree):\n${kinds}`,
    );
