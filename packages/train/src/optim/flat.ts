import * as tf from '@tensorflow/tfjs-core';

/**
 * How many tensors lie in a few vectors: all small ones in one, each large one in a vector of its own. An optimiser's update is a
 * dozen operations. For small tensors their fixed cost counts (5–15 µs each on a backend), so they share them; copying a large one
 * together with others and apart again would cost more than that, and alone it stays in the cache.
 */
export interface FlatLayout {
  readonly names: readonly string[];
  readonly sizes: readonly number[];
  readonly shapes: readonly (readonly number[])[];
  /** Places in `names` of the tensors of each vector. */
  readonly parts: readonly (readonly number[])[];
}

/** Tensors of at least so many values stay alone (256 KiB). */
const large = 1 << 16;

export function flatLayout(tensors: ReadonlyMap<string, tf.Tensor>): FlatLayout {
  const values = [...tensors.values()];
  const sizes = values.map((tensor) => tensor.size);
  const places = [...sizes.keys()];
  const small = places.filter((i) => sizes[i]! < large);
  const alone = places.filter((i) => sizes[i]! >= large).map((i) => [i]);
  return {
    names: [...tensors.keys()],
    sizes,
    shapes: values.map((tensor) => tensor.shape),
    parts: small.length ? [small, ...alone] : alone,
  };
}

/** Values in one vector of the layout. */
export const sizeOfPart = ({ sizes }: FlatLayout, part: readonly number[]): number =>
  part.reduce((sum, i) => sum + sizes[i]!, 0);

/** Named tensors → the layout's vectors. */
export function pack({ names, parts }: FlatLayout, tensors: ReadonlyMap<string, tf.Tensor>): tf.Tensor1D[] {
  return parts.map((part) =>
    tf.tidy(() => {
      const pieces = part.map((i) => tf.reshape(tensors.get(names[i]!)!, [-1]) as tf.Tensor1D);
      return pieces.length === 1 ? pieces[0]! : tf.concat1d(pieces);
    }),
  );
}

/** The layout's vectors → tensors of its shapes, in its order. */
export function unpack({ names, sizes, shapes, parts }: FlatLayout, vectors: readonly tf.Tensor1D[]): tf.Tensor[] {
  const out = new Array<tf.Tensor>(names.length);
  for (const [p, part] of parts.entries()) {
    const pieces = tf.tidy(() => {
      const vector = vectors[p]!;
      const split =
        part.length === 1
          ? [vector]
          : tf.split(
              vector,
              part.map((i) => sizes[i]!),
            );
      return split.map((piece, k) => tf.reshape(piece, [...shapes[part[k]!]!]));
    });
    for (const [k, i] of part.entries()) out[i] = pieces[k]!;
  }
  return out;
}
