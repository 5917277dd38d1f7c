/**
 * Seeded random numbers. Every draw of the project comes from one of these: the same seed gives the same numbers on
 * every machine. The generator is sfc32 (Chris Doty-Humphrey's Small Fast Counter, 128-bit state), whose whole state is
 * four integers, so that a checkpoint can hold it and a resumed run goes on exactly.
 */
export interface Rng {
  /** A float in [0, 1), 32 random bits. */
  uniform(): number;
  /** A standard normal float (Box–Muller; one draw of it costs two uniforms, nothing is kept back). */
  normal(): number;
  /** An integer in [0, n). */
  int(n: number): number;
  /** An independent generator that depends on this one's seed and the label alone, not on how much was drawn. */
  fork(label: string | number): Rng;
  /** The four state words, for `restoreRng`. */
  state(): RngState;
}

export interface RngState {
  readonly seed: number;
  readonly words: readonly [number, number, number, number];
}

/** FNV-1a, 32 bits: turns a label into seed material. */
export function hash32(text: string, basis = 0x811c9dc5): number {
  let hash = basis >>> 0;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** @param seed an integer; the same seed gives the same sequence. Throws RangeError for anything else. */
export function createRng(seed: number): Rng {
  if (!Number.isSafeInteger(seed))
    throw new RangeError(`createRng: seed ${seed} is not a safe integer. Pass 0, 1, 2, …`);
  const rng = restoreRng({ seed, words: [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, 0x9e3779b9, 1] });
  for (let i = 0; i < 12; i++) rng.uniform(); // sfc32 needs 12 rounds until every seed bit has reached every word
  return rng;
}

/** Goes on where `state()` was taken. */
export function restoreRng({ seed, words }: RngState): Rng {
  let [a, b, c, d] = words;
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  const uniform = () => next() / 2 ** 32;
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    int: (n) => Math.floor(uniform() * n),
    fork: (label) =>
      createRng(hash32(`${seed}/${label}`) + 2 ** 32 * (hash32(`${label}/${seed}`, 0x1234567) & 0xfffff)),
    state: () => ({ seed, words: [a >>> 0, b >>> 0, c >>> 0, d >>> 0] }),
  };
}
