import { refuseNearColors, validateColor, validatePalette } from './check.js';
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

/** A palette with its unlabelled colour, checked, and the tables built from it so far. */
export interface Compiled {
  readonly colors: Colors;
  readonly ignoreColor: Rgb | undefined;
  readonly ignore: number | undefined;
  checked: boolean;
  /** Encoders, decoders, … by name; built when first needed. */
  readonly tables: Map<string, unknown>;
}

/** Tables live as long as the palette they were built from. */
const cache = /* @__PURE__ */ new WeakMap<Palette, Compiled>();

/** The compiled form of a palette: kept from the last call if the palette has not been changed since. */
export function compile(who: string, palette: Palette, options: CodecOptions): Compiled {
  const { ignore, force } = options;
  const ignoreColor = ignore === undefined ? undefined : (options.ignoreColor ?? [0, 0, 0]);
  let compiled = typeof palette === 'object' && palette ? cache.get(palette) : undefined;
  if (!compiled || compiled.ignore !== ignore || !sameColors(compiled, palette, ignoreColor)) {
    validatePalette(who, palette);
    validateIgnore(who, palette, ignore, options.ignoreColor);
    const colors = colorsOf(palette, ignoreColor, ignore);
    compiled = { colors, ignoreColor, ignore, checked: false, tables: new Map() };
    cache.set(palette, compiled);
  }
  if (!force && !compiled.checked) {
    refuseNearColors(who, palette, ignoreColor);
    compiled.checked = true;
  }
  return compiled;
}

/** The table of that name, built once a palette. */
export function tableOf<T>(compiled: Compiled, name: string, build: (colors: Colors) => T): T {
  if (!compiled.tables.has(name)) compiled.tables.set(name, build(compiled.colors));
  return compiled.tables.get(name) as T;
}

function validateIgnore(who: string, palette: Palette, ignore: number | undefined, ignoreColor: Rgb | undefined): void {
  if (ignore === undefined) {
    if (!ignoreColor) return;
    throw new RangeError(`${who}: ignoreColor needs ignore, the label of unlabelled pixels (usually 255).`);
  }
  if (!Number.isInteger(ignore) || ignore < palette.length || ignore > 65535) {
    throw new RangeError(
      `${who}: ignore must be a label beyond the ${palette.length} classes and at most 65535, got ${ignore}.`,
    );
  }
  if (ignoreColor) validateColor(who, ignoreColor, 'unlabelled pixels');
}

function sameColors({ colors, ignoreColor }: Compiled, palette: Palette, wanted: Rgb | undefined): boolean {
  if (palette.length !== colors.count - (ignoreColor ? 1 : 0) || String(ignoreColor) !== String(wanted)) return false;
  const { rgb } = colors;
  for (let k = 0; k < palette.length; k++) {
    const c = palette[k]!;
    if (c[0] !== rgb[3 * k] || c[1] !== rgb[3 * k + 1] || c[2] !== rgb[3 * k + 2]) return false;
  }
  return true;
}
