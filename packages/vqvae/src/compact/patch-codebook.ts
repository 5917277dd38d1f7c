import * as tf from '@tensorflow/tfjs-core';
import { type CompactConfig, type CompactParams, compactEncoder } from './compact.js';

/**
 * The codebook that holds the given squares: patches [n · d²] of labels (`dearestPatches`), colours [≥ K, channels] in
 * [0, 1], a fresh model → [codes, codeDim], whose first n rows are the squares' codes. The rest keep their random start.
 * @throws RangeError without squares, with more of them than codes, or with a product code, which has no code for a square.
 */
export function patchCodebook(
  patches: Uint8Array,
  colours: tf.Tensor2D,
  params: Pick<CompactParams, 'encoder' | 'codebook'>,
  config: CompactConfig,
): tf.Tensor2D {
  const { downsample: d, codes, codeDim, groups = 1 } = config;
  const n = patches.length / d ** 2;
  if (groups !== 1) throw new RangeError(`patchCodebook: a code of ${groups} groups; seed those by restartDeadCodes.`);
  if (!Number.isInteger(n) || n < 1 || n > codes) {
    throw new RangeError(`patchCodebook: expected 1 … ${codes} squares of ${d} × ${d} labels, got ${n}.`);
  }
  return tf.tidy(() => {
    const squares = tf.gather<tf.Tensor>(colours, tf.tensor3d(Int32Array.from(patches), [n, d, d], 'int32'));
    const rows = tf.reshape(compactEncoder(squares as tf.Tensor4D, params.encoder, config), [
      n,
      codeDim,
    ]) as tf.Tensor2D;
    return n === codes ? tf.clone(rows) : tf.concat([rows, tf.slice(params.codebook, [n, 0], [codes - n, codeDim])]);
  });
}
