import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { writeFileAtomic } from '@gss/checkpoint/node';
import type { Palette, Rgb } from '@gss/maskige';
import { cielab, designPalette, oklab, smallestDistance } from '@gss/maskige/design';
import { swatch } from '@gss/maskige/report';
import { Command, Option } from 'commander';
import { command } from '../cli/command.js';
import { UsageError } from '../cli/errors.js';
import { choosePalette, describeCheck, paletteHelp } from '../images/palettes.js';
import { rgbPng } from '../images/write.js';

const spaces = { rgb: undefined, oklab, cielab };

const hex = (color: Rgb) => `#${color.map((v) => v.toString(16).padStart(2, '0')).join('')}`;

type Form = (palette: Palette, ignoreColor?: Rgb) => Uint8Array | Promise<Uint8Array>;
const text = (value: string) => new TextEncoder().encode(`${value}\n`);

/** What a palette is written as, by the file's ending. */
const forms: Record<string, Form> = {
  '.png': (palette, ignoreColor) => rgbPng(swatch(palette, { cell: 32, ignoreColor })),
  '.json': (palette, ignoreColor) => text(JSON.stringify({ palette, ...(ignoreColor && { ignoreColor }) })),
  '.txt': (palette) => text(palette.map((c) => c.join(' ')).join('\n')),
};

/** Refuses files whose ending says nothing, before anything is computed. */
function refuseForms(files: readonly string[] = []): void {
  const unknown = files.find((file) => !forms[extname(file).toLowerCase()]);
  if (unknown) throw new UsageError(`${unknown}: expected a file that ends in ${Object.keys(forms).join(', ')}.`);
}

async function write(file: string, palette: Palette, ignoreColor?: Rgb): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  await writeFileAtomic(file, await forms[extname(file).toLowerCase()]!(palette, ignoreColor));
}

/** Colours as text: on a terminal with a patch of each. */
function table(palette: Palette): string[] {
  const patch = ([r, g, b]: Rgb) => (process.stdout.isTTY ? `\x1b[48;2;${r};${g};${b}m    \x1b[0m ` : '');
  return palette.map(
    (c, k) => `${String(k).padStart(5)}  ${patch(c)}${hex(c)}  ${c.map((v) => String(v).padStart(3)).join(' ')}`,
  );
}

function confusionOf(file: string, K: number): number[] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file}: not readable as JSON (${(error as Error).message}).`);
  }
  const rows: unknown[] = Array.isArray(value) ? value : [];
  const numbers = rows.flat().filter((v) => typeof v === 'number');
  if (rows.length !== K || !rows.every((row) => Array.isArray(row) && row.length === K) || numbers.length !== K * K) {
    throw new UsageError(
      `${file}: expected a JSON matrix of ${K} × ${K} numbers (rows: truth), got ${rows.length} rows, ${numbers.length} numbers.`,
    );
  }
  return numbers;
}

interface DesignFlags {
  readonly seed: string;
  readonly space: keyof typeof spaces;
  readonly confusion?: string;
  readonly strength: string;
  readonly starts: string;
  readonly out?: string[];
}

const designCommand = () =>
  command('design', 'make a palette of K colours far apart', async ({ out }, count: string, flags: DesignFlags) => {
    const K = Number(count);
    refuseForms(flags.out);
    const number = (name: 'seed' | 'strength' | 'starts') => {
      const value = Number(flags[name]);
      if (!(value >= 0)) throw new UsageError(`--${name} must be a number ≥ 0, got ${flags[name]}.`);
      return value;
    };
    const space = spaces[flags.space];
    const palette = designPalette(K, {
      seed: number('seed'),
      strength: number('strength'),
      starts: Math.max(1, number('starts')),
      space,
      confusion: flags.confusion === undefined ? undefined : confusionOf(flags.confusion, K),
    });
    const ignoreColor: Rgb = [0, 0, 0];
    for (const file of flags.out ?? []) {
      await write(file, palette, ignoreColor);
      out.note(`written: ${file}`);
    }
    for (const line of table(palette)) out.line(line);
    const { check } = describeCheck({ name: 'design', palette, ignoreColor });
    const { minDistance, minIgnoredDistance } = check;
    out.line(
      `smallest distance ${minDistance.toFixed(1)} in RGB${space ? `, ${smallestDistance(palette, space).toFixed(1)} in ${space.name}` : ''}`,
    );
    out.result({ palette, ignoreColor, minDistance, minIgnoredDistance });
    return undefined;
  })
    .argument('<K>', 'number of classes, 1 to 1024')
    .option('--seed <n>', 'another seed, another palette', '0')
    .addOption(new Option('--space <name>', 'where distances are measured').choices(Object.keys(spaces)).default('rgb'))
    .option('--confusion <file>', 'JSON matrix of K × K counts: classes that are confused move apart')
    .option('--strength <n>', 'how much farther the most confused pair shall be apart (1 = twice as far)', '0.5')
    .option('--starts <n>', 'independent starts, of which the best is kept', '12')
    .option('--out <files...>', 'write it: .png (swatch), .json, or .txt (a colour a line)');

const showCommand = () =>
  command('show', 'print a palette, or write its swatch', async ({ out }, name: string, flags: { out?: string[] }) => {
    refuseForms(flags.out);
    const { palette, ignoreColor } = choosePalette(name);
    for (const file of flags.out ?? []) {
      await write(file, palette, ignoreColor);
      out.note(`written: ${file}`);
    }
    for (const line of table(palette)) out.line(line);
    if (ignoreColor) out.line(`unlabelled ${hex(ignoreColor)}`);
    out.result({ palette, ignoreColor });
    return undefined;
  })
    .argument('<palette>', paletteHelp)
    .option('--out <files...>', 'write it: .png (swatch), .json, or .txt (a colour a line)');

const checkCommand = () =>
  command(
    'check',
    'name colours that are equal or too near; exit 1 if there are any',
    async ({ out }, name: string, flags: { minDistance: string }) => {
      const chosen = choosePalette(name);
      const threshold = Number(flags.minDistance);
      if (!(threshold >= 0)) throw new UsageError(`--min-distance must be a number ≥ 0, got ${flags.minDistance}.`);
      const { check, lines } = describeCheck(chosen, threshold);
      for (const line of lines) out.line(line);
      out.line(
        `${chosen.palette.length} classes, smallest distance ${check.minDistance.toFixed(1)}${chosen.ignoreColor ? `, to the unlabelled colour ${check.minIgnoredDistance.toFixed(1)}` : ''}: ${check.ok ? 'fit for maskiges' : 'not fit for maskiges'}`,
      );
      out.result({ classes: chosen.palette.length, ...check });
      return check.ok ? undefined : 1;
    },
  )
    .argument('<palette>', paletteHelp)
    .option('--min-distance <d>', 'RGB distance that counts as too near', '4');

/** `gss palette design|show|check` */
export const paletteCommand = () =>
  new Command('palette')
    .description('design, show and check palettes')
    .addCommand(designCommand())
    .addCommand(showCommand())
    .addCommand(checkCommand());
