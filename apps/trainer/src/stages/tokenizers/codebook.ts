import type { TokenizerParams } from '@gss/segmenter';
import type { Rng } from '@gss/tensor';
import {
  type CompactConfig,
  createPatchCounter,
  dearestPatches,
  fillUnlabelled,
  patchCodebook,
  restartDeadCodes,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import type { FamilyContext, MaskMap } from './training.js';

type Params = TokenizerParams<'compact'>;

/** A label map seen in a mirror. */
function mirrored({ labels, width, height }: MaskMap): MaskMap {
  const out = new Uint8Array(labels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) out[y * width + x] = labels[y * width + width - 1 - x]!;
  }
  return { labels: out, width, height };
}

/**
 * A codebook of the squares that the masks themselves show, the dearest first (`dearestPatches`): for the few classes of a
 * street scene it reconstructs better than anything that gradient descent made of it in minutes. Codes that are left over
 * keep their random start.
 */
export async function squaresCodebook(
  params: Params,
  config: CompactConfig,
  { masks, codec, classes, rng }: Pick<FamilyContext, 'masks' | 'codec' | 'classes' | 'rng'>,
): Promise<{ readonly codebook: tf.Tensor2D; readonly codes: number; readonly squares: number }> {
  const d = config.downsample;
  const counter = createPatchCounter(d, classes);
  const draws = rng.fork('patches');
  for await (const mask of masks()) {
    const filled = { ...mask, labels: fillUnlabelled(mask.labels, { ...mask, classes }) };
    for (const map of [filled, mirrored(filled)]) {
      for (let i = 0; i < 2; i++) counter.add(map.labels, map, draws.int(d), draws.int(d));
    }
  }
  const patches = dearestPatches(counter, config.codes);
  const codes = patches.length / d ** 2;
  if (codes === 0) throw new RangeError(`codebook: the masks show no labelled square of ${d} × ${d} pixels.`);
  const codebook = patchCodebook(patches, codec.colours, params, config);
  return { codebook, codes, squares: counter.size };
}

/** Vectors that k-means++ looks at: its time grows with vectors × codes. */
const kMeansVectors = 65_536;

/**
 * Places the `dead` codes of every group on encoder outputs that the live ones serve worst (k-means++).
 * vectors [N · codeDim], of which at most 65,536 are looked at, evenly spread; → a new codebook.
 */
export async function kMeansCodebook(
  params: Params,
  { codes, codeDim, groups = 1 }: CompactConfig,
  dead: (group: number) => readonly number[],
  vectors: Float32Array,
  rng: Rng,
): Promise<tf.Tensor2D> {
  const dim = codeDim / groups;
  const seen = vectors.length / codeDim;
  const n = Math.min(seen, kMeansVectors);
  const codebook = (await params.codebook.data()) as Float32Array;
  const next = new Float32Array(codebook.length);
  for (let g = 0; g < groups; g++) {
    const own = new Float32Array(n * dim);
    for (let i = 0; i < n; i++) {
      const from = Math.floor((i * seen) / n) * codeDim + g * dim;
      own.set(vectors.subarray(from, from + dim), i * dim);
    }
    const at = g * codes * dim;
    const book = codebook.subarray(at, at + codes * dim);
    next.set(restartDeadCodes(book, dead(g), { vectors: own, dim }, rng.fork(`group/${g}`)).codebook, at);
  }
  return tf.tensor2d(next, [groups * codes, dim]);
}
