import type { StoredTensor } from '@gss/tensor';

/** Name → tensor. The data may be read from a file only when it is asked for. */
export type Weights = ReadonlyMap<string, StoredTensor>;

/** The same tensor as another object, with a shape of its own by which it is recognised later. Its data stays unread. */
function marked({ dtype, shape, ...rest }: StoredTensor, source: StoredTensor): StoredTensor {
  void rest;
  return Object.defineProperty({ dtype, shape: [...shape] } as unknown as StoredTensor, 'data', {
    enumerable: true,
    get: () => source.data,
  });
}

/** What became of the tensors of a file on the way to their new names. */
export interface Trace {
  /** Tensors under another name, as they are. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** Tensors whose numbers changed places. */
  readonly rewritten: readonly { readonly from: string; readonly to: string }[];
  /** Names that no tensor of the file became. */
  readonly added: readonly string[];
  /** Names of the file that became nothing. */
  readonly unused: readonly string[];
}

/**
 * Lets conversions be plain functions from names to names and still tells what they did: every tensor goes in with a
 * shape array of its own, which renaming and reordering keep.
 */
export function track(weights: Weights): { readonly weights: Weights; readonly trace: (result: Weights) => Trace } {
  const given = new Map([...weights].map(([name, tensor]) => [name, marked(tensor, tensor)] as const));
  const origin = new Map([...given].map(([name, { shape }]) => [shape, name] as const));
  return {
    weights: given,
    trace: (result) => {
      const found = [...result].map(([to, tensor]) => ({ to, tensor, from: origin.get(tensor.shape) }));
      const used = new Set(found.map(({ from }) => from));
      const kept = found.flatMap(({ to, tensor, from }) =>
        from === undefined ? [] : [{ from, to, same: given.get(from) === tensor }],
      );
      const pair = ({ from, to }: { from: string; to: string }) => ({ from, to });
      return {
        renamed: kept.filter(({ from, to, same }) => same && from !== to).map(pair),
        rewritten: kept.filter(({ same }) => !same).map(pair),
        added: found.filter(({ from }) => from === undefined).map(({ to }) => to),
        unused: [...weights.keys()].filter((name) => !used.has(name)),
      };
    },
  };
}
