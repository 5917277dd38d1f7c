import type * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from './errors.js';

/**
 * Names the sizes of a tensor: `const { B, H, W, C } = sizes('swin', x, ['B', 'H', 'W', 'C'])`.
 * Throws ShapeError when the rank differs, or where a fixed size is given (`['B', 'H', 'W', 3]`) and not met.
 */
export function sizes<const N extends readonly (string | number)[]>(
  who: string,
  x: tf.Tensor,
  names: N,
  remedy = '',
): Record<Extract<N[number], string>, number> {
  const fits = x.rank === names.length && names.every((name, i) => typeof name === 'string' || name === x.shape[i]);
  if (!fits) throw new ShapeError(who, `[${names.join(', ')}]`, x.shape, remedy);
  return Object.fromEntries(
    names.flatMap((name, i) => (typeof name === 'string' ? [[name, x.shape[i]!]] : [])),
  ) as Record<Extract<N[number], string>, number>;
}
