import { existsSync, readFileSync } from 'node:fs';
import { checkPalette, maximalDistancePalette, type Palette, type Rgb } from '@gss/maskige';
import {
  additiveFactorPalette,
  arithmeticPalette,
  misalignedPalette,
  randomPalette,
  refinedPalette,
} from '@gss/maskige/design';
import { isPaletteName, namedPalette, paletteNames } from '@gss/maskige/palettes';
import { UsageError } from '../cli/errors.js';

export interface ChosenPalette {
  readonly name: string;
  readonly palette: Palette;
  readonly ignoreColor?: Rgb;
}

/** Palettes that are made for a number of classes: `maximal:19`. */
const makers: Record<string, (K: number) => Palette> = {
  maximal: maximalDistancePalette,
  random: randomPalette,
  arithmetic: arithmeticPalette,
  misaligned: misalignedPalette,
  additive: additiveFactorPalette,
  refined: refinedPalette,
};

export const paletteHelp = `a palette: ${paletteNames.join(', ')}; ${Object.keys(makers).join('|')}:K; or a file (JSON, or a colour a line: r g b or #rrggbb)`;

/** The palette that a command line names. */
export function choosePalette(text: string): ChosenPalette {
  if (isPaletteName(text)) return namedPalette(text);
  const [maker, count] = text.split(':');
  if (count !== undefined && makers[maker!]) return withBlack(text, makers[maker!]!(Number(count)));
  if (existsSync(text)) return fromFile(text);
  throw new UsageError(`No palette '${text}'. Give ${paletteHelp}.`);
}

function fromFile(file: string): ChosenPalette {
  if (/\.(png|jpe?g|webp)$/i.test(file)) {
    throw new UsageError(`${file} is a picture, no palette. Pictures and folders stand before --palette.`);
  }
  const text = readFileSync(file, 'utf8');
  const refuse = (why: string) => new UsageError(`${file}: ${why}. A palette file is ${example}.`);
  let value: unknown;
  try {
    value = file.endsWith('.json') ? JSON.parse(text) : lines(text);
  } catch (error) {
    throw refuse((error as Error).message);
  }
  const object = Array.isArray(value) ? { palette: value } : (value as { palette?: unknown; ignoreColor?: unknown });
  if (!Array.isArray(object?.palette)) throw refuse('it has no list of colours');
  const color = (c: unknown, k: number | string): Rgb => {
    const ok = Array.isArray(c) && c.length === 3 && c.every((v) => Number.isInteger(v) && v >= 0 && v <= 255);
    if (!ok) throw refuse(`colour ${k} is ${JSON.stringify(c)}, expected three integers in 0..255`);
    return c as unknown as Rgb;
  };
  const palette = object.palette.map(color);
  return object.ignoreColor
    ? { name: file, palette, ignoreColor: color(object.ignoreColor, 'ignoreColor') }
    : withBlack(file, palette);
}

const example =
  'a JSON list [[r, g, b], …], {"palette": […], "ignoreColor": [r, g, b]}, or a colour a line: r g b or #rrggbb';

function lines(text: string): number[][] {
  return text
    .split('\n')
    .map((line) => line.replace(/(^|\s)(#(?![0-9a-f]{6}\b)|\/\/).*/i, '').trim())
    .filter(Boolean)
    .map((line) => {
      const hex = /^#?([0-9a-f]{6})$/i.exec(line)?.[1];
      if (hex) return [0, 2, 4].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
      return line.split(/[\s,]+/).map(Number);
    });
}

/** Black is the unlabelled colour where no class is black. */
function withBlack(name: string, palette: Palette): ChosenPalette {
  const black: Rgb = [0, 0, 0];
  return palette.every((c) => c[0] ** 2 + c[1] ** 2 + c[2] ** 2 >= 16)
    ? { name, palette, ignoreColor: black }
    : { name, palette };
}

/** Lines about duplicate and near colours. */
export function describeCheck({ palette, ignoreColor }: ChosenPalette, minDistance?: number) {
  const check = checkPalette(palette, { minDistance, ignoreColor });
  const lines = check.near.map(({ a, b, colors, distance }) => {
    const [p, q] = colors.map((c) => c.join(' '));
    const other = b === 'ignored' ? 'the unlabelled colour' : `class ${b}`;
    return distance === 0
      ? `class ${a} and ${other} share ${p}`
      : `class ${a} (${p}) and ${other} (${q}) are ${distance.toFixed(1)} apart`;
  });
  return { check, lines };
}
