import type { Spec } from '@gss/tensor';
import type { Weights } from './weights.js';

/** Choices of the command line that a renaming may depend on. */
export interface NamingOptions {
  /** Keeps VQGAN's discriminator, which is needed to train on but not to use it. */
  readonly discriminator: boolean;
}

/** One way to name the tensors of a family, and how it differs from ours. */
export interface Naming {
  readonly name: string;
  /** Whether a file has these names. The first naming of a family that says so is taken. */
  recognise(weights: Weights): boolean;
  toOurs(weights: Weights, options: NamingOptions): Weights;
  fromOurs(weights: Weights): Weights;
  /** Key of a `.pth` under which such checkpoints keep their state dict. Default: it is the bare state dict. */
  readonly key?: 'state_dict' | 'model';
  /** Why a tensor of such a file may be left out. */
  readonly unused?: readonly (readonly [RegExp, string])[];
}

/** What the shapes tell of a model. */
export interface Described {
  /** Its sizes, as the package of the model writes them. */
  readonly config: unknown;
  readonly spec: Spec;
  /** What a user should know. */
  readonly notes?: readonly string[];
}

/** One kind of model: its namings, the first of which is ours, and its sizes. */
export interface Family {
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Ours first. The reference's own name for it is an alias. */
  readonly namings: readonly [Naming, ...Naming[]];
  /** Sizes off tensors under our names. @throws UnknownSizes */
  describe(weights: Weights): Described;
}

/** Our names: nothing changes. */
export const ours = (recognise: Naming['recognise'], more: Partial<Naming> = {}): Naming => ({
  name: 'gss',
  recognise,
  toOurs: (weights) => weights,
  fromOurs: (weights) => weights,
  ...more,
});

/** The same tensors under names that `rename` makes; undefined leaves one out. */
export function renamed(weights: Weights, rename: (name: string) => string | undefined): Weights {
  return new Map(
    [...weights].flatMap(([name, tensor]) => {
      const to = rename(name);
      return to === undefined ? [] : [[to, tensor] as const];
    }),
  );
}

/** Replaces by each pattern in turn. */
export const replacing =
  (...pairs: readonly (readonly [RegExp, string])[]) =>
  (name: string): string =>
    pairs.reduce((text, [pattern, to]) => text.replace(pattern, to), name);

/** A name that begins so, with the beginning exchanged. */
export const exchanged = (name: string, from: string, to: string): string =>
  name.startsWith(from) ? to + name.slice(from.length) : name;

/** Whether a name fits the pattern. */
export const anyName = (weights: Weights, pattern: RegExp): boolean =>
  [...weights.keys()].some((name) => pattern.test(name));
