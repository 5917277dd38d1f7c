import type { Rng } from '@gss/tensor';

export interface CodebookUsage {
  /** exp(entropy) of the code distribution: the number of codes in effective use, 1 … codes. */
  readonly perplexity: number;
  /** Codes that occurred at least once. */
  readonly used: number;
  /** Indices of codes that never occurred. */
  readonly dead: readonly number[];
  /** Occurrences per code. */
  readonly counts: Float64Array;
}

/** Adds tokens to counts [V], decaying the old ones: counts ← decay · counts + occurrences. Returns `counts`. */
export function countTokens(counts: Float64Array, tokens: ArrayLike<number>, decay = 1): Float64Array {
  if (decay !== 1) for (let i = 0; i < counts.length; i++) counts[i]! *= decay;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (!(token >= 0 && token < counts.length)) {
      throw new RangeError(`countTokens: expected tokens in [0, ${counts.length}), got ${token} at position ${i}.`);
    }
    counts[token]! += 1;
  }
  return counts;
}

/** How much of a codebook is in use. `threshold`: counts at or below it are dead (default 0). */
export function codebookUsage(counts: Float64Array, threshold = 0): CodebookUsage {
  const total = counts.reduce((sum, n) => sum + n, 0);
  let entropy = 0;
  const dead: number[] = [];
  counts.forEach((n, code) => {
    if (n <= threshold) dead.push(code);
    if (n > 0) entropy -= (n / total) * Math.log(n / total);
  });
  return { perplexity: total > 0 ? Math.exp(entropy) : 0, used: counts.length - dead.length, dead, counts };
}

/**
 * Throws when training has collapsed: a loss that is not finite, or fewer than `minimum` codes in effective use
 * (default 2: everything is one token). Call it once the first restarts have had time to act.
 */
export function refuseCollapse(
  { perplexity, used, counts }: CodebookUsage,
  { loss, step, minimum = 2 }: { readonly loss: number; readonly step: number; readonly minimum?: number },
): void {
  if (!Number.isFinite(loss)) {
    throw new Error(`tokenizer: the loss is ${loss} at step ${step}. Lower the learning rate or clip gradients.`);
  }
  if (perplexity < minimum) {
    throw new Error(
      `tokenizer: the codebook has collapsed at step ${step}: perplexity ${perplexity.toFixed(2)} < ${minimum}, ` +
        `${used} of ${counts.length} codes used. Restart dead codes earlier, lower the learning rate, or check that the ` +
        'images show more than one class.',
    );
  }
}

/** A uniform sample of the encoder outputs seen so far (reservoir sampling), for restarts. */
export interface Reservoir {
  readonly dim: number;
  /** Vectors held now. */
  readonly length: number;
  /** [length, dim] */
  readonly vectors: Float32Array;
  /** Offers vectors, [N, dim] flattened. */
  add(vectors: Float32Array): void;
}

/** @param recent how many of the latest vectors the sample stands for. Default 16 × capacity. */
export function createReservoir(capacity: number, dim: number, rng: Rng, recent = 16 * capacity): Reservoir {
  const store = new Float32Array(capacity * dim);
  let length = 0;
  let seen = 0;
  return {
    dim,
    get length() {
      return length;
    },
    get vectors() {
      return store.subarray(0, length * dim);
    },
    add(vectors) {
      if (vectors.length % dim) {
        throw new RangeError(`reservoir: expected vectors of ${dim}, got ${vectors.length} numbers.`);
      }
      for (let at = 0; at < vectors.length; at += dim) {
        seen = Math.min(seen + 1, recent);
        const slot = length < capacity ? length++ : rng.int(seen);
        if (slot < capacity) store.set(vectors.subarray(at, at + dim), slot * dim);
      }
    },
  };
}

function distances(vectors: Float32Array, codebook: Float32Array, dim: number, live: readonly number[]): Float64Array {
  const out = new Float64Array(vectors.length / dim).fill(Number.POSITIVE_INFINITY);
  for (const code of live) lowerDistances(out, vectors, codebook.subarray(code * dim, (code + 1) * dim));
  return out;
}

/** out ← min(out, ‖vector − code‖²), leaving a vector as soon as it is certain that this code is not nearer. */
function lowerDistances(out: Float64Array, vectors: Float32Array, code: Float32Array): void {
  const dim = code.length;
  for (let i = 0; i < out.length; i++) {
    const bound = out[i]!;
    let sum = 0;
    for (let j = 0, at = i * dim; j < dim && sum < bound; j++, at++) {
      const delta = vectors[at]! - code[j]!;
      sum += delta * delta;
    }
    if (sum < bound) out[i] = sum;
  }
}

/**
 * A codebook whose dead codes are placed on encoder outputs that the live ones serve worst: drawn with probability
 * proportional to the squared distance from the nearest code (k-means++). On masks a uniform draw would nearly always
 * give one of the few patches of a single class again. With every code dead this is an initialisation.
 * Pure: codebook [V, D] flattened → a new one. Draws stop when every vector has its code.
 */
export function restartDeadCodes(
  codebook: Float32Array,
  dead: readonly number[],
  { vectors, dim }: Pick<Reservoir, 'vectors' | 'dim'>,
  rng: Rng,
): { readonly codebook: Float32Array; readonly restarted: readonly number[] } {
  const next = codebook.slice();
  const isDead = new Set(dead);
  const live = Array.from({ length: codebook.length / dim }, (_, i) => i).filter((code) => !isDead.has(code));
  const restarted: number[] = [];
  if (vectors.length === 0) return { codebook: next, restarted };
  const gaps = live.length ? distances(vectors, next, dim, live) : new Float64Array(vectors.length / dim).fill(1);
  for (const code of dead) {
    const total = gaps.reduce((sum, d) => sum + d, 0);
    if (!(total > 1e-12 * gaps.length)) break;
    let left = rng.uniform() * total;
    let chosen = 0;
    for (; chosen < gaps.length - 1; chosen++) {
      left -= gaps[chosen]!;
      if (left < 0) break;
    }
    const vector = vectors.slice(chosen * dim, (chosen + 1) * dim);
    next.set(vector, code * dim);
    lowerDistances(gaps, vectors, vector);
    restarted.push(code);
  }
  return { codebook: next, restarted };
}
