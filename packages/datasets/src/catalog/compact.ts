import type { ClassInfo, Rgb } from '../types.js';

/** 'a | b' → ['a', 'b'], over several lines. */
export const readNames = (text: string): string[] => text.split('|').map((name) => name.trim());

/** '1 2 3' → [1, 2, 3], over several lines. */
export const readNumbers = (text: string): number[] => text.trim().split(/\s+/).map(Number);

/** 'ff0000 00ff00' → [[255, 0, 0], [0, 255, 0]]. */
export const readColors = (text: string): Rgb[] =>
  text
    .trim()
    .split(/\s+/)
    .map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb);

/** Names and as many colours. */
export function classList(names: string, colors: string): readonly ClassInfo[] {
  const palette = readColors(colors);
  return readNames(names).map((name, id) => ({ name, color: palette[id]! }));
}
