import type { Spec } from '@gss/tensor';
import { UsageError } from '../cli/errors.js';
import { type CastType, cast } from './cast.js';
import { type Fit, fit } from './check.js';
import { namingOf } from './families.js';
import type { Described, Naming } from './family.js';
import { renamed } from './family.js';
import type { Input } from './files.js';
import { type Merged, merge } from './merge.js';
import { UnknownSizes } from './shapes.js';
import type { Trace, Weights } from './weights.js';

export interface ConvertOptions {
  readonly from?: string;
  /** A naming of the family, or `same`. */
  readonly to: string;
  readonly select?: string;
  readonly prefix?: string;
  readonly dtype?: CastType;
  readonly discriminator: boolean;
  /** Writes what is there although tensors are missing. */
  readonly partial: boolean;
  /** Keeps tensors that the model does not know. */
  readonly keepUnused: boolean;
  /** What the result must fit, when that is known from elsewhere. */
  readonly described?: Described;
}

/** Tensors ready to be written, and all there is to say of them. */
export interface Conversion {
  readonly weights: Weights;
  readonly merged: Merged;
  /** Naming of the result; undefined when names were kept. */
  readonly target: Naming | undefined;
  readonly described: Described | undefined;
  readonly fit: Fit | undefined;
  readonly trace: Trace;
  /** Why each unused tensor is left out. */
  reason(name: string): string;
  readonly notes: readonly string[];
  /** Whether the model can be used as it is. */
  readonly complete: boolean;
}

/** Sizes of what was detected; a missing tensor that would tell them is reported like any other. */
function describeModel(merged: Merged, known: Described | undefined): { described?: Described; lacks?: string } {
  const { detected, ours } = merged;
  if (known) return { described: known };
  if (!detected) return {};
  try {
    return { described: detected.family.describe(ours) };
  } catch (error) {
    if (error instanceof UnknownSizes) return { lacks: error.message };
    throw error;
  }
}

const withoutUnknown = (weights: Weights, spec: Spec): Weights => {
  const unknown = new Set(fit(weights, spec).unknown.map(({ name }) => name));
  return renamed(weights, (name) => (unknown.has(name) ? undefined : name));
};

/** Plans a conversion. Nothing is read but what has to change places; nothing is written. */
export function convert(inputs: readonly Input[], options: ConvertOptions): Conversion {
  const merged = merge(inputs, { ...options, naming: options });
  const { detected, asGiven, ours } = merged;
  if (!detected && options.to !== 'same' && options.to !== 'gss')
    throw new UsageError(
      `--to ${options.to}: no model that we know has such names (${[...ours.keys()].slice(0, 3).join(', ')}, …). --select PREFIX. cuts a part out; --to same keeps names as they are.`,
    );
  const { described, lacks } = describeModel(merged, options.described);
  const found = described && fit(ours, described.spec);
  const keep = options.to === 'same' || !detected;
  if (keep && !asGiven)
    throw new UsageError('--to same: two files use one name for two tensors. Convert them one by one.');
  const target = keep ? undefined : namingOf(detected.family, options.to);
  const model = described && !options.keepUnused ? withoutUnknown(ours, described.spec) : ours;
  const named = target ? target.fromOurs(model) : asGiven!;
  const placed = options.prefix ? renamed(named, (name) => options.prefix + name) : named;
  const overflows: string[] = [];
  const weights = options.dtype
    ? cast(placed, options.dtype, (name, n) => {
        overflows.push(`${name}: ${n} values are beyond ±65504 and became infinite in f16; use bf16`);
      })
    : placed;
  const faults = (found?.missing.length ?? 0) + (found?.misshapen.length ?? 0) + (lacks === undefined ? 0 : 1);
  const notes = [
    ...inputs.flatMap((input) => input.notes),
    ...(described?.notes ?? []),
    ...(lacks === undefined
      ? []
      : [
          `the sizes of the model cannot be told: ${lacks} is missing; --config names the config.json of a model of ours`,
        ]),
    ...(detected ? [] : ['no model that we know has such names: they are kept, and nothing is checked']),
  ];
  const reasons = [...(detected?.naming.unused ?? []), ...(target?.unused ?? [])];
  return {
    weights,
    merged,
    target,
    described,
    fit: found,
    trace: merged.trace(weights),
    reason: (name) => reasons.find(([pattern]) => pattern.test(name))?.[1] ?? `no part of ${detected?.family.title}`,
    get notes() {
      return [...notes, ...overflows];
    },
    complete: faults === 0,
  };
}
