/**
 * The tensors whose names begin with `prefix`, with the prefix taken off, in the same order: how one network is cut
 * out of a whole model, `select(weights, 'backbone.')`. Nothing is copied; the result is empty when no name fits.
 */
export function select<T>(weights: Iterable<readonly [string, T]>, prefix: string): Map<string, T> {
  const selected = new Map<string, T>();
  for (const [name, tensor] of weights) if (name.startsWith(prefix)) selected.set(name.slice(prefix.length), tensor);
  return selected;
}
