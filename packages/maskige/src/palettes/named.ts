import type { Palette, Rgb } from '../types.js';
import { records } from './records.js';

export type PaletteName = keyof typeof records;

export interface NamedPalette {
  readonly name: PaletteName;
  readonly title: string;
  /** `maskige`: fit for encoding. `drawing`: a data set's usual colours, where classes may share one. */
  readonly kind: 'maskige' | 'drawing';
  readonly palette: Palette;
  /** The colour of unlabelled pixels; absent where black is a class. */
  readonly ignoreColor?: Rgb;
}

/** Names of all palettes kept here. */
export const paletteNames = /* @__PURE__ */ Object.keys(records) as readonly PaletteName[];

/** Is there a palette of that name? */
export function isPaletteName(name: string): name is PaletteName {
  return Object.hasOwn(records, name);
}

/** The reference's maskige palettes (`gss-…`) and the standard drawing palettes, by name. */
export function namedPalette(name: PaletteName): NamedPalette {
  if (!isPaletteName(name)) {
    throw new RangeError(`namedPalette: no palette '${name}'. Known: ${paletteNames.join(', ')}.`);
  }
  const { title, kind, hex, ignoreColor } = records[name];
  const palette: Rgb[] = [];
  for (let i = 0; i < hex.length; i += 6) {
    const value = Number.parseInt(hex.slice(i, i + 6), 16);
    palette.push([value >> 16, (value >> 8) & 255, value & 255]);
  }
  return { name, title, kind, palette, ...(ignoreColor ? { ignoreColor } : {}) };
}
