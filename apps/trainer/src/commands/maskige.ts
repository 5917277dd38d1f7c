import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { writeFileAtomic } from '@gss/checkpoint/node';
import { decodeImage, decodeLabel } from '@gss/datasets/node';
import { type CodecOptions, decode, encode, type RgbImage } from '@gss/maskige';
import { formatRobustness, type JpegCodec, type RobustnessRow, robustnessReport, sampleMap } from '@gss/maskige/report';
import { Command } from 'commander';
import sharp from 'sharp';
import { type Context, command, interrupted } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import { type ChosenPalette, choosePalette, paletteHelp } from '../images/palettes.js';
import { indexPng, rgbPng } from '../images/write.js';

interface CodecFlags {
  readonly palette: string;
  readonly ignore?: string;
  readonly force?: boolean;
}

/** The codec's options: unlabelled pixels have the palette's own colour, and 255 (or 65535) as label. */
function codecOptions({ palette, ignoreColor }: ChosenPalette, { ignore, force }: CodecFlags): CodecOptions {
  if (ignore === 'none' || (ignore === undefined && !ignoreColor)) return { force };
  const label = ignore === undefined ? (palette.length > 255 ? 65535 : 255) : Number(ignore);
  return { ignore: label, ignoreColor, force };
}

/** Input and output files: one of each, or a folder's, at any depth, under the same names in another folder. */
function filePairs(input: string, output: string, endings: RegExp): (readonly [string, string])[] {
  if (!existsSync(input)) throw new UsageError(`${input}: no such file or folder.`);
  if (resolve(input) === resolve(output)) {
    throw new UsageError(`${output}: that is the input, which would be overwritten. Name another output.`);
  }
  if (!statSync(input).isDirectory()) return [[input, output]];
  const found = readdirSync(input, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (!found.length) throw new UsageError(`${input}: no files of the kind ${endings.source} in that folder.`);
  const pairs = found.map((file) => [file, join(output, relative(input, file).replace(endings, '.png'))] as const);
  const names = new Set(pairs.map(([, to]) => to));
  if (names.size < pairs.length) {
    throw new UsageError(`${input}: two files differ only in their ending and would both become one .png.`);
  }
  return pairs;
}

/** Class ids of an index PNG of 1 to 16 bits, or of a palette PNG, whose indices are the ids. */
const labelsOf = (bytes: Uint8Array, file: string) => decodeLabel(bytes, file, { acceptPalettePng: true });

type Convert = (bytes: Uint8Array, file: string) => Promise<Uint8Array>;

/** Converts file after file; one that fails is named and does not stop the others. */
async function convertAll(
  { out, signal }: Context,
  title: string,
  pairs: (readonly [string, string])[],
  convert: Convert,
) {
  const files: { input: string; output: string }[] = [];
  const failed: { input: string; error: string }[] = [];
  const progress = pairs.length > 1 ? out.progress(title, pairs.length) : undefined;
  for (const [i, [input, output]] of pairs.entries()) {
    if (signal.aborted) break;
    try {
      const bytes = await convert(readFileSync(input), input);
      mkdirSync(dirname(output), { recursive: true });
      await writeFileAtomic(output, bytes);
      files.push({ input, output });
    } catch (error) {
      if (pairs.length === 1) throw error;
      failed.push({ input, error: (error as Error).message });
    }
    progress?.update(i + 1);
  }
  progress?.stop();
  for (const { input, error } of failed) out.note(error.startsWith(input) ? error : `${input}: ${error}`);
  out.line(
    `${files.length} of ${pairs.length} ${pairs.length > 1 ? 'files' : 'file'} written${files.length === 1 ? `: ${files[0]!.output}` : ''}`,
  );
  out.result({ files, failed });
  if (signal.aborted) {
    const left = pairs.length - files.length - failed.length;
    out.note(`Interrupted: ${left} not looked at. Run the same command again; it starts from the first.`);
    return interrupted;
  }
  return failed.length ? 1 : undefined;
}

const withCodec = (made: Command) =>
  made
    .requiredOption('--palette <name|file>', paletteHelp)
    .option('--ignore <label>', 'label of unlabelled pixels, or none (default: 255; 65535 beyond 255 classes)')
    .option('--force', 'use the palette even if colours are too near to be told apart');

const encodeCommand = () =>
  withCodec(
    command(
      'encode',
      'class ids → maskige: paint each class in its colour',
      async (context, input: string, output: string, flags: CodecFlags) => {
        const chosen = choosePalette(flags.palette);
        const options = codecOptions(chosen, flags);
        return convertAll(context, 'encode', filePairs(input, output, /\.png$/i), async (bytes, file) =>
          rgbPng(encode(labelsOf(bytes, file), chosen.palette, options)),
        );
      },
    )
      .argument('<in>', 'index PNG (8 or 16 bits), palette PNG, or a folder of them')
      .argument('<out>', 'PNG to write, or a folder'),
  );

const decodeCommand = () =>
  withCodec(
    command(
      'decode',
      'maskige → class ids: the nearest colour of each pixel',
      async (context, input: string, output: string, flags: CodecFlags) => {
        const chosen = choosePalette(flags.palette);
        const options = codecOptions(chosen, flags);
        return convertAll(context, 'decode', filePairs(input, output, /\.(png|jpe?g|webp)$/i), async (bytes, file) =>
          indexPng(decode(await decodeImage(bytes, file), chosen.palette, options)),
        );
      },
    )
      .argument('<in>', 'maskige (PNG, JPEG, WebP), or a folder of them')
      .argument('<out>', 'index PNG to write, or a folder'),
  );

/** JPEG as phones and web sites write it: chroma halved. */
const jpeg: JpegCodec = async ({ data, width, height }, quality): Promise<RgbImage> => {
  const packed = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
  return { data: new Uint8Array(await sharp(packed).raw().toBuffer()), width, height };
};

interface ReportFlags {
  readonly palette: string[];
  readonly ignore?: string;
  readonly force?: boolean;
}

const reportCommand = () =>
  command(
    'report',
    'how well palettes survive noise, blur, scaling and JPEG',
    async ({ out, signal }, labels: string | undefined, flags: ReportFlags) => {
      const chosen = flags.palette.map(choosePalette);
      const K = Math.min(...chosen.map(({ palette }) => palette.length));
      const map = labels ? labelsOf(readFileSync(labels), labels) : sampleMap(K, 512, 384);
      const progress = out.progress('report', chosen.length * 16);
      const reports: Record<string, RobustnessRow[]> = {};
      let done = 0;
      for (const one of chosen) {
        const options = codecOptions(one, { ...flags, palette: one.name });
        const onRow = () => {
          if (signal.aborted) throw new UsageError('Interrupted: the report is not complete.');
          progress.update(++done, one.name);
        };
        reports[one.name] = await robustnessReport(map, one.palette, { ...options, jpeg, onRow });
      }
      progress.stop();
      out.line(
        `Pixels decoded rightly, per cent (${labels ?? `${K} classes, ${map.width}×${map.height} sample map`})\n`,
      );
      out.line(formatRobustness(reports));
      out.result({ width: map.width, height: map.height, palettes: reports });
      return undefined;
    },
  )
    .argument(
      '[labels]',
      'label PNG to test with (default: a sample map of as many classes as the smallest palette has)',
    )
    .requiredOption('--palette <names...>', `one or more palettes; ${paletteHelp}`)
    .option('--ignore <label>', 'label of unlabelled pixels, or none (default: 255; 65535 beyond 255 classes)')
    .option('--force', 'also report on palettes with colours too near to be told apart');

/** `gss maskige encode|decode|report` */
export const maskigeCommand = () =>
  new Command('maskige')
    .description('masks as RGB images and back')
    .addCommand(encodeCommand())
    .addCommand(decodeCommand())
    .addCommand(reportCommand());
