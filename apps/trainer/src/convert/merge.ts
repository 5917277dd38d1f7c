import { UsageError } from '../cli/errors.js';
import { type Detected, detect } from './families.js';
import { type NamingOptions, renamed } from './family.js';
import type { Input } from './files.js';
import { type Trace, track, type Weights } from './weights.js';

export interface MergeOptions {
  readonly from?: string;
  /** Takes only names that begin so, and takes the beginning off. */
  readonly select?: string;
  readonly naming: NamingOptions;
}

/** The tensors of all inputs in one. */
export interface Merged {
  /** As the files name them (undefined when two files use one name for two tensors). */
  readonly asGiven: Weights | undefined;
  /** What they were taken for; undefined when nobody knows such names. */
  readonly detected: Detected | undefined;
  /** Under our names, when they were taken for something. */
  readonly ours: Weights;
  trace(result: Weights): Trace;
}

/** Tensors under a prefix, without it. A tokenizer's folder holds nothing but `tokenizer.*`: that is taken off, too. */
function selected({ path, weights }: Input, select: string | undefined): Weights {
  const prefix = select ?? ([...weights.keys()].every((name) => name.startsWith('tokenizer.')) ? 'tokenizer.' : '');
  const cut = renamed(weights, (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined));
  if (cut.size > 0 || weights.size === 0) return cut;
  const beginnings = [...new Set([...weights.keys()].map((name) => `${name.split('.')[0]}.`))].slice(0, 8);
  throw new UsageError(`--select ${prefix}: no tensor of ${path} begins so. They begin with ${beginnings.join(', ')}.`);
}

/** One map of several, or the name that two of them share. */
function union(parts: readonly Weights[]): Weights | string {
  const all = new Map(parts[0]);
  for (const part of parts.slice(1))
    for (const [name, tensor] of part) {
      if (all.has(name)) return name;
      all.set(name, tensor);
    }
  return all;
}

/**
 * Brings several files together. Where they use the same names for different tensors, as DALL·E's encoder and decoder do,
 * each is taken for itself first.
 */
export function merge(inputs: readonly Input[], { from, select, naming: options }: MergeOptions): Merged {
  const parts = inputs.map((input) => track(selected(input, select)));
  const trace = (result: Weights): Trace => {
    const traces = parts.map((part) => part.trace(result));
    const others = new Set(traces.flatMap(({ renamed: r, rewritten: w }) => [...r, ...w].map(({ to }) => to)));
    // A name that another file gave is not an addition; nor is one that kept its name.
    const given = new Set(parts.flatMap(({ weights }) => [...weights.values()].map(({ shape }) => shape)));
    return {
      renamed: traces.flatMap((t) => t.renamed),
      rewritten: traces.flatMap((t) => t.rewritten),
      added: [...result].flatMap(([name, { shape }]) => (others.has(name) || given.has(shape) ? [] : [name])),
      unused: traces.flatMap((t) => t.unused),
    };
  };
  const whole = union(parts.map(({ weights }) => weights));
  if (typeof whole !== 'string') {
    const detected = detect(whole, from);
    return { asGiven: whole, detected, ours: detected?.naming.toOurs(whole, options) ?? whole, trace };
  }
  const each = parts.map(({ weights }) => ({ weights, detected: detect(weights, from) }));
  const [first] = each;
  const stranger = each.find(({ detected }) => !detected || detected.family !== first!.detected?.family);
  const named = `${inputs.map(({ path }) => path).join(' and ')} both have a tensor ${whole}`;
  if (stranger || !first?.detected)
    throw new UsageError(`${named}, and are no parts of one model that we know. Convert them one by one.`);
  const ours = union(each.map(({ weights, detected }) => detected!.naming.toOurs(weights, options)));
  if (typeof ours === 'string') throw new UsageError(`${named}, which is ${ours} of the model. Give each part once.`);
  return { asGiven: undefined, detected: first.detected, ours, trace };
}
