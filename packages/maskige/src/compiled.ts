import { refuseNearColors, validatePalette } from './check.js';
import { type Colors, colorsOf } from './colors.js';
import type { Palette, Rgb } from './types.js';

export interface CodecOptions {
  /** The label of unlabelled pixels, usually 255 (or 65535). Without it every label must be a class. */
  readonly ignore?: number;
  /** The colour of unlabelled pixels. Default black when `ignore` is given. */
  readonly ignoreColor?: Rgb;
  /** Use the palette even if some of its colours are too near to be told apart. */
  readonly force?: boolean;
}

/** A palette with its unlabelled colour, and the tables built from it so far. */
export interface Compiled {
  readonly colors: Colors;
  /** Encoders, decoders, … by name; built when first needed. */
  readonly tables: Map<string, unknown>;
}

/** Tables live as long as the palette they were built from. */
const cache = /* @__PURE__ */ new WeakMap<Palette, Compiled>();

/** The compiled form of a palette: kept from the last call if the palette has not been changed since. */
export function compile(who: string, palette: Palette, { ignore, ignoreColor, force }: CodecOptions): Compiled {
  const color = ignore === undefined ? ignoreColor : (ignoreColor ?? [0, 0, 0]);
  let compiled = cache.get(palette);
  if (!compiled || !sameColors(compiled.colors, palette, color, ignore)) {
    validatePalette(who, palette, color);
    if (color && !(ignore! >= palette.length && ignore === (ignore! & 65535))) {
      throw new RangeError(`${who}: expected an integer in ${palette.length}..65535 as ignore, got ${ignore}.`);
    }
    compiled = { colors: colorsOf(palette, color, ignore), tables: new Map() };
    cache.set(palette, compiled);
  }
  if (!force) tableOf(compiled, 'checked', () => refuseNearColors(who, palette, color));
  return compiled;
}

/** The table of that name, built once a palette. */
export function tableOf<T>({ tables, colors }: Compiled, name: string, build: (colors: Colors) => T): T {
  if (!tables.has(name)) tables.set(name, build(colors));
  return tables.get(name) as T;
}

function sameColors({ rgb, labels }: Colors, palette: Palette, color: Rgb | undefined, ignore = -1): boolean {
  const all = color ? [...palette, color] : palette;
  return (
    all.length === labels.length &&
    (!color || labels[palette.length] === ignore) &&
    all.every((c, k) => c[0] === rgb[3 * k] && c[1] === rgb[3 * k + 1] && c[2] === rgb[3 * k + 2])
  );
}
