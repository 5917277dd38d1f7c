import {
  countParams,
  createRng,
  hash32,
  initParams,
  leavesOf,
  loadParams,
  type ParamsOf,
  type Spec,
  stateDict,
  storedShape,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { expectClose } from './expect.js';

/** Images [batch, height, width, 3], standard normal: the same at each call. */
export const randomImage = (height: number, width: number, batch = 1): tf.Tensor4D =>
  tf.randomNormal([batch, height, width, 3], 0, 1, 'float32', 11);

/**
 * A spec has the parameters of its reference: `entries` leaves, `hash32` of all lines "name [shape]", sorted, and `count`
 * trained numbers in all.
 */
export function expectParameters(
  spec: Spec,
  expected: { readonly entries: number; readonly hash: number; readonly count: number },
): void {
  const lines = leavesOf(spec).map(({ name, leaf }) => `${name} [${storedShape(leaf).join(', ')}]`);
  const actual = { entries: lines.length, hash: hash32(lines.sort().join('\n')), count: countParams(spec) };
  for (const key of ['entries', 'hash', 'count'] as const)
    if (actual[key] !== expected[key])
      throw new Error(`${key} of the parameters: ${actual[key]}, not ${expected[key]}`);
}

/** Parameters written by name and loaded again give the same maps. `forward` may not use anything random. */
export async function expectReload<const S extends Spec>(
  spec: S,
  forward: (params: ParamsOf<S>) => readonly tf.Tensor[],
): Promise<void> {
  const params = initParams(spec, createRng(1));
  const again = loadParams('reloaded', spec, await stateDict(spec, params as Parameters<typeof stateDict>[1]));
  const expected = forward(params);
  for (const [i, map] of forward(again).entries()) expectClose(map, expected[i]!, 0);
}
