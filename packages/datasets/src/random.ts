/** A stream of random numbers; the same key gives the same stream on every machine. */
export interface Random {
  /** A number in [0, 1). */
  uniform(): number;
  /** A number in [low, high). */
  range(low: number, high: number): number;
  /** An integer of 0..n-1. */
  int(n: number): number;
  /** True with probability p. */
  chance(p: number): boolean;
  /** Standard normal. */
  normal(): number;
  pick<T>(items: readonly T[]): T;
}

/** Spreads 32 bits over 32 bits (murmur3's finaliser). */
export function mix32(x: number): number {
  let h = x | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A stream for a key of integers, e.g. `createRandom(seed, epoch, index)`. No stream depends on how far another was drawn, so
 * workers and resumed runs draw alike. Generator: sfc32, seeded by hashing the key.
 */
export function createRandom(...key: readonly number[]): Random {
  const state = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef].map((start, lane) => {
    let h = start;
    for (const part of key) {
      const high = Math.floor(part / 4294967296);
      h = mix32(h ^ mix32((part >>> 0) + lane));
      h = mix32(h + Math.imul(high | 0, 0x27d4eb2f) + 0x165667b1);
    }
    return h | 0;
  });
  let [a, b, c, counter] = state as [number, number, number, number];
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next(); // sfc32 forgets weak seeds after 12 rounds
  const uniform = () => next() / 4294967296;
  return {
    uniform,
    range: (low, high) => low + (high - low) * uniform(),
    int: (n) => Math.floor(uniform() * n),
    chance: (p) => uniform() < p,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    pick: (items) => items[Math.floor(uniform() * items.length)]!,
  };
}
