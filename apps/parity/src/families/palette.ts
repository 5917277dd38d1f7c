import type { Palette, Rgb } from '@gss/maskige';
import { type ReferenceGenerator, referenceGenerators, referencePalette, smallestDistance } from '@gss/maskige/design';
import { isPaletteName, namedPalette } from '@gss/maskige/palettes';
import { type Check, type Family, NotImplementedError } from '../family.js';

interface ConfigPalette {
  readonly num_classes: number;
  readonly colours: readonly Rgb[];
  readonly unlabelled: Rgb;
  readonly min_squared_distance_between_classes: number;
  readonly min_squared_distance_to_unlabelled: number;
}

interface WrittenGenerator {
  /** Python's "range(15, 240, 51)". */
  readonly r: string;
  readonly g: string;
  readonly b: string;
  readonly jitter: readonly [number, number];
  readonly drop_first: number;
}

interface Generated {
  readonly colours: readonly Rgb[];
  readonly jitter_draws_in_order: readonly number[] | null;
}

const exact = (name: string, actual: ArrayLike<number>, expected: ArrayLike<number>): Check => ({
  name,
  actual,
  expected,
  exact: true,
});

const squared = (a: Rgb, b: Rgb) => a.reduce((sum, v, c) => sum + (v - b[c]!) ** 2, 0);

/** "cityscapes19" → our record, with the distances that decide how much noise its decoding stands. */
function configChecks(key: string, c: ConfigPalette): Check[] {
  const name = `gss-${key.slice(0, -String(c.num_classes).length)}-${c.num_classes}`;
  if (!isPaletteName(name)) throw new NotImplementedError(`@gss/maskige/palettes has no ${name}`);
  const { palette, ignoreColor = [0, 0, 0] } = namedPalette(name);
  return [
    exact(`${key} colours`, palette.flat(), c.colours.flat()),
    exact(`${key} unlabelled`, ignoreColor, c.unlabelled),
    exact(
      `${key} squared distances`,
      [Math.round(smallestDistance(palette) ** 2), Math.min(...palette.map((colour) => squared(colour, ignoreColor)))],
      [c.min_squared_distance_between_classes, c.min_squared_distance_to_unlabelled],
    ),
  ];
}

function generatorOf({ r, g, b, jitter, drop_first }: WrittenGenerator): ReferenceGenerator {
  const range = (text: string) => {
    const [, start, stop, step] = /^range\((\d+), *(\d+), *(\d+)\)$/.exec(text) ?? [];
    if (!step) throw new Error(`palette: cannot read the range "${text}"`);
    return [Number(start), Number(stop), Number(step)] as const;
  };
  return { r: range(r), g: range(g), b: range(b), jitter, dropFirst: drop_first };
}

const numbersOf = ({ r, g, b, jitter, dropFirst }: ReferenceGenerator) => [...r, ...g, ...b, ...jitter, dropFirst];

/** The generator with the reference's own random numbers; "base" is without any. */
function generated(generator: ReferenceGenerator, { jitter_draws_in_order: draws }: Generated): Palette {
  let next = 0;
  return referencePalette(generator, () => (draws ? draws[next++]! : 0));
}

export const family: Family = {
  prefix: 'palette',
  manifestOnly: true,
  run({ manifest }) {
    const { results, ...others } = manifest.generator as { readonly results: Record<string, Generated> } & Record<
      string,
      unknown
    >;
    const written = new Map(
      Object.entries(others)
        .filter(([, value]) => typeof value === 'object' && value !== null && 'r' in value)
        .map(([name, value]) => [name, generatorOf(value as WrittenGenerator)]),
    );
    return [
      ...Object.entries(manifest.config_palettes as Record<string, ConfigPalette>).flatMap(([key, c]) =>
        configChecks(key, c),
      ),
      ...[...written].map(([name, generator]) => {
        const ours = referenceGenerators[name as keyof typeof referenceGenerators];
        return exact(`generator ${name}`, ours ? numbersOf(ours) : [], numbersOf(generator));
      }),
      ...Object.entries(results).map(([name, result]) => {
        const generator = written.get(name.split('.')[0]!);
        if (!generator) throw new Error(`palette: results name ${name}, but there is no generator of that name`);
        return exact(`generator.results ${name}`, generated(generator, result).flat(), result.colours.flat());
      }),
    ];
  },
};
