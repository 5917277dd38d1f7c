import { createRng } from '@gss/tensor';
import { proceduralMask } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs';

/** One colour a class. */
export const colours = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
  [1, 1, 0],
];

/** Procedural masks of four classes, painted: [count, side, side, 3] in [0, 1], the same at each call. */
export function paintedMasks(count: number, side: number): tf.Tensor4D {
  const rng = createRng(5);
  const masks = Array.from({ length: count }, () => proceduralMask(rng, { width: side, height: side, classes: 4 }));
  const values = masks.flatMap((mask) => [...mask].flatMap((k) => colours[k]!));
  return tf.tensor4d(Float32Array.from(values), [count, side, side, 3]);
}
