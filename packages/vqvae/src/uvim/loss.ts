import type { Rng } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { stopGradient } from '../stop-gradient.js';
import { type UvimConfig, type UvimParams, uvimDecoder, uvimEncoder, uvimQuantize } from './stage1.js';

export interface UvimLoss {
  readonly loss: tf.Scalar;
  readonly parts: {
    /** Cross entropy of the pixels, or with `output: 'pixels'` the squared error. */
    readonly reconstruction: tf.Scalar;
    readonly commitment: tf.Scalar;
  };
  /** For `updateDictionary`: what came before quantisation, [B, codeLength, codeDim], and its codes. */
  readonly bottleneck: tf.Tensor3D;
  /** [B, codeLength] int32 */
  readonly code: tf.Tensor2D;
}

export interface UvimLossOptions {
  /** The photos, [B, H, W, 3] in [−1, 1], where the config says so. */
  readonly image?: tf.Tensor4D;
  /** β of the commitment term. Default 0.25; the published panoptic model trains with 0. */
  readonly commitment?: number;
  /** From `codeDropout`: which codes the decoder sees. Default all. */
  readonly mask?: tf.Tensor3D;
}

/**
 * Which codes of each sample stay (code_dropout): the share is uniform in (0, 1) per sample. `random` drops codes anywhere,
 * `ordered` from the end, so that early codes learn to say more. [B, codeLength, 1] of 0 and 1.
 */
export function codeDropout(batch: number, codeLength: number, kind: 'random' | 'ordered', rng: Rng): tf.Tensor3D {
  const mask = new Float32Array(batch * codeLength);
  for (let b = 0; b < batch; b++) {
    const threshold = rng.uniform();
    const row = mask.subarray(b * codeLength, (b + 1) * codeLength);
    for (let i = 0; i < codeLength; i++) row[i] = 1 - (i + 1) / (codeLength + 1) > threshold ? 1 : 0;
    if (kind === 'ordered') continue;
    for (let i = codeLength - 1; i > 0; i--) {
      const j = rng.int(i + 1);
      [row[i], row[j]] = [row[j]!, row[i]!];
    }
  }
  return tf.tensor3d(mask, [batch, codeLength, 1]);
}

/** −Σ_k c_k log p_k, mean over pixels: logits and one-hot patches, [B, N, K, pixels]; unlabelled pixels (all zero) add nothing. */
function patchCrossEntropy(logits: tf.Tensor4D, patches: tf.Tensor4D): tf.Scalar {
  const logProbabilities = tf.logSoftmax(tf.transpose(logits, [0, 1, 3, 2]));
  const truth = tf.transpose(patches, [0, 1, 3, 2]);
  return tf.neg(tf.mean<tf.Scalar>(tf.sum(tf.mul(logProbabilities, truth), 3)));
}

/** Mean reconstruction term of the pixels + β · mean ‖b − sg(q)‖²; β 0.25. Run it under tidy. */
export function uvimLoss(
  patches: tf.Tensor4D,
  params: UvimParams,
  config: UvimConfig,
  { image, commitment = 0.25, mask }: UvimLossOptions = {},
): UvimLoss {
  const bottleneck = uvimEncoder(patches, params, config, image);
  const { quantized, code } = uvimQuantize(bottleneck, params);
  const seen = mask ? (tf.mul(quantized, mask) as tf.Tensor3D) : quantized;
  const output = uvimDecoder(seen, params, config, image);
  const reconstruction: tf.Scalar =
    config.output === 'pixels' ? tf.mean(tf.square(tf.sub(output, patches))) : patchCrossEntropy(output, patches);
  const term: tf.Scalar = tf.mean(tf.square(tf.sub(bottleneck, stopGradient(quantized))));
  return {
    loss: tf.add(reconstruction, tf.mul(term, commitment)),
    parts: { reconstruction, commitment: term },
    bottleneck,
    code,
  };
}
