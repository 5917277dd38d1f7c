import { createRandom } from './random.js';

export interface EpochOrderOptions {
  readonly length: number;
  readonly seed: number;
  readonly epoch: number;
  /** This worker, 0..shards-1; default 0 of 1. */
  readonly shard?: number;
  readonly shards?: number;
}

/**
 * The positions of one epoch in random order, or a worker's share of them: every position falls to exactly one shard, and with
 * `shards` ≤ length none is empty. The same for everyone with the same seed and epoch.
 */
export function epochOrder({ length, seed, epoch, shard = 0, shards = 1 }: EpochOrderOptions): Uint32Array {
  if (!Number.isInteger(length) || length < 0)
    throw new RangeError(`epochOrder: length ${length} is not an integer ≥ 0.`);
  if (!Number.isInteger(shards) || shards < 1 || !Number.isInteger(shard) || shard < 0 || shard >= shards)
    throw new RangeError(`epochOrder: shard ${shard} of ${shards} does not exist; expected 0..shards-1.`);
  const order = Uint32Array.from({ length }, (_, i) => i);
  const random = createRandom(seed, epoch, 0x5eed);
  for (let i = length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return shards === 1 ? order : order.filter((_, at) => at % shards === shard);
}
