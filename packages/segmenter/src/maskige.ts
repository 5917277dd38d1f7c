import * as tf from '@tensorflow/tfjs-core';
import type { MaskigeConfig } from './config.js';

/** 𝒳 and 𝒳⁻¹ (§3.3, linear and training-free) on tensors, colours in [0, 1]. */
export interface MaskigeCodec {
  /** 𝒳: labels [B, H, W] int32 in [0, K], K being unlabelled → maskige [B, H, W, 3]. */
  paint(labels: tf.Tensor3D): tf.Tensor4D;
  /** Class scores of a maskige, [B, H, W, 3] → [B, H, W, K]: 2 x·β_k − ‖β_k‖², largest at the nearest colour. */
  scores(maskige: tf.Tensor4D): tf.Tensor4D;
  /** 𝒳⁻¹: nearest colour, the lower class on a tie, [B, H, W, 3] → [B, H, W] int32. */
  classes(maskige: tf.Tensor4D): tf.Tensor3D;
  /** Colours of the K classes, then of unlabelled: [K + 1, 3]. */
  readonly colours: tf.Tensor2D;
  dispose(): void;
}

export function createMaskigeCodec({
  palette,
  unlabelled,
}: Pick<MaskigeConfig, 'palette' | 'unlabelled'>): MaskigeCodec {
  const K = palette.length;
  const { colours, directions, offsets } = tf.tidy(() => {
    const colours = tf.div(tf.tensor2d([...palette, unlabelled].map((c) => [...c])), 255) as tf.Tensor2D;
    const classes = tf.slice(colours, [0, 0], [K, 3]);
    return {
      colours,
      directions: tf.mul(tf.transpose(classes), 2) as tf.Tensor2D,
      offsets: tf.sum(tf.square(classes), 1) as tf.Tensor1D,
    };
  });
  const scores = (maskige: tf.Tensor4D): tf.Tensor4D =>
    tf.tidy(() => {
      const [B, H, W] = maskige.shape;
      const flat = tf.reshape(maskige, [B * H * W, 3]) as tf.Tensor2D;
      return tf.reshape(tf.sub(tf.matMul(flat, directions), offsets), [B, H, W, K]);
    });
  return {
    colours,
    paint: (labels) => tf.tidy(() => tf.gather(colours, labels) as unknown as tf.Tensor4D),
    scores,
    classes: (maskige) => tf.tidy(() => tf.argMax(scores(maskige), 3) as tf.Tensor3D),
    dispose: () => tf.dispose([colours, directions, offsets]),
  };
}
