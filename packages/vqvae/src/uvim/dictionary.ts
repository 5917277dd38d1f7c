import type { Rng } from '@gss/tensor';

/** UViM's codebook between steps: discounted sums of the vectors of each code, [codes, dim] flattened, and their counts. */
export interface UvimDictionary {
  readonly dictionary: Float32Array;
  readonly counts: Float32Array;
}

export interface DictionaryOptions {
  /** Share of the old sums that a step keeps. Default 0.995. */
  readonly momentum?: number;
  /** Counts below it are unused codes. Default 0.1. */
  readonly minCount?: number;
}

/** A split moves a code by up to this share, to either side. */
const perturbation = 0.001;

/**
 * The least frequent code becomes half of the most frequent one, moved by `factors` [dim] (about 1); the other half stays.
 * Pure.
 */
export function splitMostFrequent({ dictionary, counts }: UvimDictionary, factors: ArrayLike<number>): UvimDictionary {
  const dim = dictionary.length / counts.length;
  const next = { dictionary: dictionary.slice(), counts: counts.slice() };
  const most = counts.indexOf(Math.max(...counts));
  const least = counts.indexOf(Math.min(...counts));
  for (let j = 0; j < dim; j++) {
    const value = dictionary[most * dim + j]!;
    next.dictionary[least * dim + j] = (value * factors[j]!) / 2;
    next.dictionary[most * dim + j] = value / 2;
  }
  next.counts[least] = counts[most]! / 2;
  next.counts[most] = counts[most]! / 2;
  return next;
}

/**
 * One step of the moving-average codebook: vectors before quantisation, [N, dim] flattened, and their codes [N]. Codes that
 * fall below `minCount` are replaced by splits until none is left. Pure.
 */
export function updateDictionary(
  { dictionary, counts }: UvimDictionary,
  vectors: Float32Array,
  codes: ArrayLike<number>,
  rng: Rng,
  { momentum = 0.995, minCount = 0.1 }: DictionaryOptions = {},
): UvimDictionary {
  const dim = dictionary.length / counts.length;
  let next: UvimDictionary = {
    dictionary: dictionary.map((v) => v * momentum),
    counts: counts.map((n) => n * momentum),
  };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    next.counts[code]! += 1;
    for (let j = 0; j < dim; j++) next.dictionary[code * dim + j]! += vectors[i * dim + j]!;
  }
  if (next.counts.reduce((sum, n) => sum + n, 0) < 2 * minCount * counts.length) {
    throw new Error(`uvim: the counts of the codebook have decayed below ${minCount}. Train with larger batches.`);
  }
  while (next.counts.some((n) => n < minCount)) {
    const factors = Float32Array.from({ length: dim }, () => 1 + perturbation * (2 * rng.uniform() - 1));
    next = splitMostFrequent(next, factors);
  }
  return next;
}
