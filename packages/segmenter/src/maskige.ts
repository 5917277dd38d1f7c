import { leastSquaresInverse } from '@gss/posterior';
import * as tf from '@tensorflow/tfjs-core';
import type { MaskigeConfig } from './config.js';
import type { LabelInput } from './tokenizers.js';

/**
 * 𝒳 and 𝒳⁻¹ (§3.3, linear and training-free) on tensors: labels ↔ the image that a tokenizer reads and writes. Its C
 * channels are the maskige's three colours in [0, 1], or for one-hot input a channel a class: β is then the unit matrix,
 * unlabelled all zeros, and nearest colour is arg max.
 */
export interface MaskigeCodec {
  /** C: 3, or K for one-hot. */
  readonly channels: number;
  /** 𝒳: labels [B, H, W] int32 in [0, K], K being unlabelled → image [B, H, W, C]. */
  paint(labels: tf.Tensor3D): tf.Tensor4D;
  /** Class scores of an image, [B, H, W, C] → [B, H, W, K]: 2 x·β_k − ‖β_k‖², largest at the nearest colour; x·γ_k of a linear inverse. */
  scores(image: tf.Tensor4D): tf.Tensor4D;
  /** 𝒳⁻¹: nearest colour (or the best linear score), the lower class on a tie, [B, H, W, C] → [B, H, W] int32. */
  classes(image: tf.Tensor4D): tf.Tensor3D;
  /** Labels in the colours of the palette whatever the input is, [B, H, W] → [B, H, W, 3]. */
  colour(labels: tf.Tensor3D): tf.Tensor4D;
  /** An image to look at, [B, H, W, C] → [B, H, W, 3]: the maskige itself, or the colours of the classes. */
  picture(image: tf.Tensor4D): tf.Tensor4D;
  /** β of the K classes, then of unlabelled: [K + 1, C]. */
  readonly colours: tf.Tensor2D;
  dispose(): void;
}

/**
 * 𝒳 and 𝒳⁻¹ of a palette on the device; `input` is what the tokenizer reads of a mask. It holds the colours until `dispose`.
 */
export function createMaskigeCodec(
  { palette, unlabelled, inverse }: Pick<MaskigeConfig, 'palette' | 'unlabelled' | 'inverse'>,
  input: LabelInput = 'maskige',
): MaskigeCodec {
  const K = palette.length;
  const channels = input === 'maskige' ? 3 : K;
  const { rgb, colours, directions, offsets } = tf.tidy(() => {
    const rgb = tf.div(tf.tensor2d([...palette, unlabelled].map((c) => [...c])), 255) as tf.Tensor2D;
    const colours =
      input === 'maskige'
        ? rgb.clone()
        : (tf.pad(tf.eye(K), [
            [0, 1],
            [0, 0],
          ]) as tf.Tensor2D);
    const classes = tf.slice(colours, [0, 0], [K, channels]);
    if (inverse === 'linear' && input === 'maskige') {
      const gamma = leastSquaresInverse(palette.map((c) => c.map((v) => v / 255)));
      return { rgb, colours, directions: gamma, offsets: tf.zeros([K]) as tf.Tensor1D };
    }
    return {
      rgb,
      colours,
      directions: tf.mul(tf.transpose(classes), 2) as tf.Tensor2D,
      offsets: tf.sum(tf.square(classes), 1) as tf.Tensor1D,
    };
  });
  const scores = (image: tf.Tensor4D): tf.Tensor4D =>
    tf.tidy(() => {
      const [B, H, W, C] = image.shape;
      const flat = tf.reshape(image, [B * H * W, C]) as tf.Tensor2D;
      return tf.reshape(tf.sub(tf.matMul(flat, directions), offsets), [B, H, W, K]);
    });
  const classes = (image: tf.Tensor4D) => tf.tidy(() => tf.argMax(scores(image), 3) as tf.Tensor3D);
  const look = (table: tf.Tensor2D, labels: tf.Tensor3D) =>
    tf.tidy(() => tf.gather<tf.Tensor>(table, labels) as tf.Tensor4D);
  return {
    channels,
    colours,
    paint: (labels) => look(colours, labels),
    scores,
    classes,
    colour: (labels) => look(rgb, labels),
    picture: (image) => (input === 'maskige' ? tf.clone(image) : tf.tidy(() => look(rgb, classes(image)))),
    dispose: () => tf.dispose([rgb, colours, directions, offsets]),
  };
}
