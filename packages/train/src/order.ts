import { createRng } from '@gss/tensor';

/** Which sample is at a position of the endless stream, and in which epoch. */
export interface Position {
  readonly epoch: number;
  readonly index: number;
}

/** A shuffled order of 0 … length − 1, by Fisher–Yates. The same seed and epoch give the same order. */
export function permutation(seed: number, epoch: number, length: number): Uint32Array {
  const rng = createRng(seed).fork(`order/${epoch}`);
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    const swap = order[i]!;
    order[i] = order[j]!;
    order[j] = swap;
  }
  return order;
}

/**
 * The endless stream of samples: epoch after epoch, each in its own order. Position p depends on nothing but the seed, so
 * a resumed run continues the very sequence, whatever the number of workers.
 */
export function sampleStream(seed: number, length: number, shuffle = true): (position: number) => Position {
  let cached = -1;
  let order: Uint32Array = new Uint32Array();
  return (position) => {
    const epoch = Math.floor(position / length);
    const at = position % length;
    if (!shuffle) return { epoch, index: at };
    if (epoch !== cached) {
      order = permutation(seed, epoch, length);
      cached = epoch;
    }
    return { epoch, index: order[at]! };
  };
}
