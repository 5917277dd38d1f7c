import * as tf from '@tensorflow/tfjs-core';

/**
 * Many small tensors as one vector and back. An optimiser's update is a dozen operations; on one flat vector they cost a
 * dozen launches instead of a dozen per parameter (a backend's fixed cost per operation is 5–15 µs).
 */
export interface FlatLayout {
  readonly names: readonly string[];
  readonly sizes: readonly number[];
  readonly shapes: readonly (readonly number[])[];
  readonly total: number;
}

export function flatLayout(tensors: ReadonlyMap<string, tf.Tensor>): FlatLayout {
  const values = [...tensors.values()];
  const sizes = values.map((tensor) => tensor.size);
  return {
    names: [...tensors.keys()],
    sizes,
    shapes: values.map((tensor) => tensor.shape),
    total: sizes.reduce((a, b) => a + b, 0),
  };
}

/** Named tensors → one vector in the layout's order. */
export function pack({ names }: FlatLayout, tensors: ReadonlyMap<string, tf.Tensor>): tf.Tensor1D {
  return tf.tidy(() => {
    const parts = names.map((name) => tf.reshape(tensors.get(name)!, [-1]) as tf.Tensor1D);
    return parts.length === 1 ? tf.clone(parts[0]!) : tf.concat1d(parts);
  });
}

/** One vector → tensors of the layout's shapes, in its order. */
export function unpack({ sizes, shapes }: FlatLayout, flat: tf.Tensor1D): tf.Tensor[] {
  return tf.tidy(() => {
    const pieces = sizes.length === 1 ? [flat] : tf.split(flat, [...sizes]);
    return pieces.map((piece, i) => tf.reshape(piece, [...shapes[i]!]));
  });
}
