import { type ParamsOf, table } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import {
  attention,
  attentionNoBiasSpec,
  dense,
  denseSpec,
  flaxNorm,
  flaxNormSpec,
  mlp,
  mlpSpec,
  sincosPositions,
  type VitEncoderParams,
  vitEncoder,
  vitEncoderSpec,
} from './flax.js';

/** UViM's stage II as published: an autoregressive encoder–decoder over codes (uvim/vtt.py). */
export interface UvimLanguageConfig {
  /** (input_size) */
  readonly inputSize: readonly [number, number];
  /** (patches) */
  readonly patchSize: readonly [number, number];
  /** (emb_dim) */
  readonly width: number;
  /** (num_heads) */
  readonly heads: number;
  /** (mlp_dim) */
  readonly hidden: number;
  /** Blocks of the encoder, and of the decoder (num_layers). */
  readonly layers: number;
  /** (vocab_size) */
  readonly codes: number;
  /** (seq_len) */
  readonly codeLength: number;
}

const blockSpec = ({ width, heads, hidden }: UvimLanguageConfig) => ({
  LayerNorm1: flaxNormSpec(width),
  SelfAttn: attentionNoBiasSpec(width, heads),
  LayerNorm2: flaxNormSpec(width),
  CrossAttn: attentionNoBiasSpec(width, heads),
  LayerNorm3: flaxNormSpec(width),
  MLP: mlpSpec(width, hidden),
});
type BlockParams = ParamsOf<ReturnType<typeof blockSpec>>;

/** Parameters of UViM's language model under the names of big_vision's checkpoint. */
export const uvimLanguageSpec = (config: UvimLanguageConfig) => {
  const { width, heads, hidden, layers, codes, patchSize } = config;
  const blocks: Record<string, ReturnType<typeof blockSpec>> = {};
  for (let i = 0; i < layers; i++) blocks[`EncDecBlock${i}`] = blockSpec(config);
  return {
    EmbedPatches: denseSpec([...patchSize, 3], [width]),
    encoder: vitEncoderSpec({ width, heads, hidden, depth: layers }),
    decoder: {
      EmbedTargets: { embedding: table([codes, width], { type: 'normal', std: 1 }) },
      ...blocks,
      LayerNorm: flaxNormSpec(width),
      LogitsDense: denseSpec([width], [codes], { type: 'zeros' }),
    },
  };
};
export type UvimLanguageParams = ParamsOf<ReturnType<typeof uvimLanguageSpec>>;

/** Image, [B, H, W, 3] → [B, patches, width]. */
export function uvimLanguageEncoder(
  image: tf.Tensor4D,
  p: UvimLanguageParams,
  config: UvimLanguageConfig,
): tf.Tensor3D {
  const { patchSize, width, heads, hidden, layers } = config;
  const [B, H, W, C] = image.shape;
  const [h, w] = patchSize;
  return tf.tidy(() => {
    const grid = tf.reshape(image, [B, H / h, h, W / w, w, C]);
    const patches = tf.reshape(tf.transpose(grid, [0, 1, 3, 2, 4, 5]), [B, (H / h) * (W / w), h, w, C]);
    const placed = tf.add(dense(patches, p.EmbedPatches, 3), sincosPositions([H / h, W / w], width)) as tf.Tensor3D;
    return vitEncoder(placed, p.encoder as VitEncoderParams, { width, heads, hidden, depth: layers });
  });
}

/** Each position sees itself and what came before: 0 where it may look, −1e9 elsewhere. [n, n] */
const causalMask = (n: number): tf.Tensor2D =>
  tf.tensor2d(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (j <= i ? 0 : -1e9))));

/**
 * Teacher-forced logits: encoded image and target codes, [B, n] int32 → [B, n, codes]. The targets enter shifted right by
 * one, with code 0 first, so position i sees codes before i only.
 */
export function uvimLanguageDecoder(
  encoded: tf.Tensor3D,
  targets: tf.Tensor2D,
  { decoder: p }: UvimLanguageParams,
  { width, layers }: UvimLanguageConfig,
): tf.Tensor3D {
  const [B, n] = targets.shape;
  return tf.tidy(() => {
    const shifted = tf.concat([tf.zeros([B, 1], 'int32'), tf.slice(targets, [0, 0], [B, n - 1])], 1);
    const embedded = tf.gather<tf.Tensor>(p.EmbedTargets.embedding, shifted as tf.Tensor2D);
    let y = tf.add(embedded, sincosPositions([1, n], width)) as tf.Tensor3D;
    const mask = causalMask(n);
    for (let i = 0; i < layers; i++) {
      const block = (p as unknown as Record<string, BlockParams>)[`EncDecBlock${i}`]!;
      const normed = flaxNorm(y, block.LayerNorm1);
      const x = tf.add(y, attention(normed, normed, block.SelfAttn, mask)) as tf.Tensor3D;
      const z = tf.add(x, attention(flaxNorm(x, block.LayerNorm2), encoded, block.CrossAttn)) as tf.Tensor3D;
      y = tf.add(z, mlp(flaxNorm(z, block.LayerNorm3), block.MLP));
    }
    return dense(flaxNorm(y, p.LayerNorm), p.LogitsDense) as tf.Tensor3D;
  });
}

/** Mean cross entropy of the next codes: logits [B, n, codes], codes [B, n] int32. */
export function nextCodeLoss(logits: tf.Tensor3D, codes: tf.Tensor2D): tf.Scalar {
  const V = logits.shape[2];
  return tf.tidy(() => {
    const truth = tf.reshape(tf.oneHot(codes, V), [-1, V]);
    return tf.losses.softmaxCrossEntropy(truth, tf.reshape(logits, [-1, V])) as tf.Scalar;
  });
}

/** The most likely code, position by position: image, [B, H, W, 3] → [B, codeLength] int32. */
export function uvimGreedyCodes(image: tf.Tensor4D, p: UvimLanguageParams, config: UvimLanguageConfig): tf.Tensor2D {
  const B = image.shape[0];
  const n = config.codeLength;
  return tf.tidy(() => {
    const encoded = uvimLanguageEncoder(image, p, config);
    let codes = tf.zeros([B, n], 'int32') as tf.Tensor2D;
    for (let i = 0; i < n; i++) {
      codes = tf.tidy(() => {
        const logits = uvimLanguageDecoder(encoded, codes, p, config);
        const here = tf.argMax(tf.slice(logits, [0, i, 0], [B, 1, config.codes]), 2) as tf.Tensor2D;
        const parts = [tf.slice(codes, [0, 0], [B, i]), here, tf.zeros([B, n - i - 1], 'int32') as tf.Tensor2D];
        return tf.concat(parts, 1) as tf.Tensor2D;
      });
    }
    return codes;
  });
}
