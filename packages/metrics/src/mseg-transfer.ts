import { type Labels, labelData } from './labels.js';

/**
 * The two ways in which MSeg's zero-shot test sets are evaluated, as data. `shorterSides` or `fit` say how the image is
 * resized, `window` and `stride` how it is cut; `decide` tells where the arg max is taken: among the test set's classes,
 * after adding up probabilities (`transferProbabilities`), or among the universal classes (`transferDecision`).
 * `absent` is for `scores`.
 */
export const msegProtocols = {
  /** Lambert et al. (CVPR 2020): three resolutions, of which a set's best counts. */
  mseg: {
    shorterSides: [360, 720, 1080],
    window: 713,
    stride: Math.ceil((713 * 2) / 3),
    flip: true,
    decide: 'test',
    absent: 'mseg',
  },
  /** The authors of GSS: use it to compare with their tables. */
  gss: { fit: [2048, 512], window: 768, stride: 512, flip: false, decide: 'universal', absent: 'mmsegmentation' },
} as const;

export interface TransferOptions {
  /** Whether the scores need a softmax over all universal classes first. One-hots of a decided map are probabilities. */
  readonly from: 'logits' | 'probabilities';
  /** The id in `fromUniversal` that says "no class of this set". Default 255. */
  readonly ignore?: number;
}

/**
 * MSeg's own protocol: q(i) = Σ_u P[i][u] · p(u), where p = softmax(z) over **all** universal classes. Probability of universal
 * classes without a test class is lost, so q need not sum to 1. Average q over flips, windows and scales, then `argmaxClass`.
 * [pixels, U] → [pixels, K].
 * @param fromUniversal [U] universal id → test id, or `ignore`
 * @throws RangeError if the sizes do not fit, a value is NaN, or "logits" are probabilities already
 */
export function transferProbabilities(
  scores: Float32Array | Float64Array,
  fromUniversal: ArrayLike<number>,
  classes: number,
  { from, ignore = 255 }: TransferOptions,
): Float32Array {
  const who = 'transferProbabilities';
  const U = fromUniversal.length;
  const pixels = pixelCount(who, scores.length, U);
  const to = checkedMap(who, fromUniversal, classes, ignore);
  if (from === 'logits' && pixels > 0 && looksLikeProbabilities(scores, U)) {
    throw new RangeError(
      `${who}: every pixel is non-negative and sums to 1, so these are probabilities. A second softmax would flatten them: pass from: 'probabilities'.`,
    );
  }
  const out = new Float32Array(pixels * classes);
  const p = new Float64Array(U);
  const q = new Float64Array(classes);
  for (let i = 0; i < pixels; i++) {
    for (let u = 0; u < U; u++) p[u] = checkedScore(who, scores[i * U + u]!, i, u);
    const total = from === 'logits' ? exponentials(p) : 1;
    q.fill(0);
    for (let u = 0; u < U; u++) {
      const c = to[u]!;
      if (c >= 0) q[c]! += p[u]! / total;
    }
    out.set(q, i * classes);
  }
  return out;
}

/** z ← exp(z − max z), returning the sum. */
function exponentials(z: Float64Array): number {
  const max = z.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let total = 0;
  for (let u = 0; u < z.length; u++) {
    z[u] = Math.exp(z[u]! - max);
    total += z[u]!;
  }
  return total;
}

function looksLikeProbabilities(scores: Float32Array | Float64Array, U: number): boolean {
  for (let i = 0; i < scores.length; i += U) {
    let sum = 0;
    for (let u = 0; u < U; u++) {
      if (!(scores[i + u]! >= 0)) return false;
      sum += scores[i + u]!;
    }
    if (Math.abs(sum - 1) > 1e-3) return false;
  }
  return true;
}

/**
 * The class of the largest score, the lowest one on a tie. [pixels, K] → [pixels].
 * @throws RangeError if the length is no multiple of K, or naming the first NaN
 */
export function argmaxClass(scores: Float32Array | Float64Array, classes: number): Uint8Array | Uint16Array {
  const pixels = pixelCount('argmaxClass', scores.length, classes);
  const out = classMap(pixels, classes);
  for (let i = 0; i < pixels; i++) {
    let best = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) {
      const score = checkedScore('argmaxClass', scores[i * classes + c]!, i, c);
      if (score > best) {
        best = score;
        out[i] = c;
      }
    }
  }
  return out;
}

/**
 * The GSS authors' protocol: the decision is made among the universal classes, and a universal class without a class in
 * the test set becomes class **0** of the set, as their arg max over zeros does. [pixels] → [pixels].
 * @throws RangeError naming the first pixel whose universal class is out of range
 */
export function transferDecision(
  universal: Labels,
  fromUniversal: ArrayLike<number>,
  classes: number,
  { ignore = 255 }: { readonly ignore?: number } = {},
): Uint8Array | Uint16Array {
  const ids = labelData('transferDecision', 'universal', universal);
  const to = checkedMap('transferDecision', fromUniversal, classes, ignore);
  const out = classMap(ids.length, classes);
  for (let i = 0; i < ids.length; i++) {
    const u = ids[i]!;
    if (!(u >= 0 && u < to.length)) {
      throw new RangeError(
        `transferDecision: universal class ${u} at pixel ${i} is out of range (expected 0 to ${to.length - 1}). Pass predictions in the universal taxonomy.`,
      );
    }
    out[i] = Math.max(0, to[u]!);
  }
  return out;
}

const classMap = (pixels: number, classes: number): Uint8Array | Uint16Array =>
  classes <= 256 ? new Uint8Array(pixels) : new Uint16Array(pixels);

function checkedScore(who: string, score: number, pixel: number, c: number): number {
  if (score < Number.POSITIVE_INFINITY) return score;
  throw new RangeError(`${who}: pixel ${pixel} has ${score} for class ${c}. Scores must be numbers below infinity.`);
}

/** [U] test class or -1. */
function checkedMap(who: string, fromUniversal: ArrayLike<number>, classes: number, ignore: number): Int32Array {
  return Int32Array.from(fromUniversal, (c, u) => {
    if (c === ignore) return -1;
    if (Number.isInteger(c) && c >= 0 && c < classes) return c;
    throw new RangeError(
      `${who}: universal class ${u} is mapped to ${c} (expected 0 to ${classes - 1}, or ${ignore} for none). Pass the map of this test set.`,
    );
  });
}

function pixelCount(who: string, length: number, channels: number): number {
  if (channels > 0 && length % channels === 0) return length / channels;
  throw new RangeError(
    `${who}: ${length} scores are not a whole number of pixels of ${channels} classes. Channels come last: [pixels, ${channels}].`,
  );
}
