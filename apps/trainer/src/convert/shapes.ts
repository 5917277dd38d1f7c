import type { Weights } from './weights.js';

/** The sizes of a model cannot be told, because a tensor that tells them is not there. */
export class UnknownSizes extends Error {
  override readonly name = 'UnknownSizes';
}

/** Reads the sizes of a model off the shapes of its tensors. */
export interface Shapes {
  /** Shape of a tensor that must be there. @throws UnknownSizes */
  of(name: string): readonly number[];
  /** One side of it. @throws UnknownSizes */
  side(name: string, axis: number): number;
  has(name: string): boolean;
  /** How many of `${prefix}0`, `${prefix}1`, … begin a name. */
  count(prefix: string): number;
}

/** The shapes of these tensors. */
export function shapesOf(weights: Weights): Shapes {
  const names = [...weights.keys()];
  const of = (name: string): readonly number[] => {
    const tensor = weights.get(name);
    if (!tensor) throw new UnknownSizes(name);
    return tensor.shape;
  };
  return {
    of,
    side: (name, axis) => {
      const size = of(name)[axis];
      if (size === undefined) throw new UnknownSizes(`axis ${axis} of ${name}`);
      return size;
    },
    has: (name) => weights.has(name),
    count: (prefix) => {
      let n = 0;
      while (names.some((name) => name.startsWith(`${prefix}${n}.`))) n++;
      return n;
    },
  };
}

/** `count` items made by their index. */
export const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
