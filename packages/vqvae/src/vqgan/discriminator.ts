import {
  type BatchNormParams,
  batchNorm,
  batchNormSpec,
  type ConvParams,
  conv,
  kernel,
  type Leaf,
  type Training,
  vector,
} from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** PatchGAN discriminator (NLayerDiscriminator); names of its arguments in parentheses. */
export interface DiscriminatorConfig {
  /** Image channels (input_nc). */
  readonly channels: number;
  /** Channels of the first layer (ndf). */
  readonly width: number;
  /** Layers of stride 2 (n_layers). */
  readonly layers: number;
}

interface Layer {
  /** Index of the convolution in `main`; its norm, where it has one, follows. */
  readonly index: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: 1 | 2;
  readonly norm: boolean;
}

/** conv – leaky | (conv – norm – leaky)… | conv, numbered as the modules of an nn.Sequential. */
function layersOf({ channels, width, layers }: DiscriminatorConfig): Layer[] {
  const times = (n: number) => width * Math.min(2 ** n, 8);
  const middle = Array.from({ length: layers }, (_, i) => ({
    index: 2 + 3 * i,
    inputs: times(i),
    outputs: times(i + 1),
    stride: i + 1 < layers ? (2 as const) : (1 as const),
    norm: true,
  }));
  return [
    { index: 0, inputs: channels, outputs: width, stride: 2, norm: false },
    ...middle,
    { index: 2 + 3 * layers, inputs: times(layers), outputs: 1, stride: 1, norm: false },
  ];
}

const init = { type: 'normal', std: 0.02 } as const;

type LayerSpec =
  | { readonly weight: Leaf<tf.Rank.R4>; readonly bias?: Leaf<tf.Rank.R1> }
  | ReturnType<typeof batchNormSpec>;

/** Parameters of taming-transformers' PatchGAN discriminator, under its names. */
export const discriminatorSpec = (config: DiscriminatorConfig) => {
  const main: Record<string, LayerSpec> = {};
  for (const { index, inputs, outputs, norm } of layersOf(config)) {
    const weight = kernel(4, inputs, outputs, init);
    main[index] = norm ? { weight } : { weight, bias: vector(outputs) };
    if (norm) main[index + 1] = batchNormSpec(outputs);
  }
  return { main };
};
export interface DiscriminatorParams {
  readonly main: Readonly<Record<string, ConvParams | BatchNormParams>>;
}

/** Logits per patch, high for real: [B, H, W, channels] → [B, H', W', 1]. Batch statistics with `training`. */
export function discriminator(
  image: tf.Tensor4D,
  { main }: DiscriminatorParams,
  config: DiscriminatorConfig,
  training?: Training,
): tf.Tensor4D {
  const layers = layersOf(config);
  return tf.tidy(() =>
    layers.reduce((x, { index, stride, norm }, i) => {
      const y = conv(x, main[index] as ConvParams, { stride, padding: 1 });
      const normed = norm ? batchNorm(y, main[index + 1] as BatchNormParams, training) : y;
      return i + 1 < layers.length ? tf.leakyRelu(normed, 0.2) : normed;
    }, image),
  );
}

/** ½ (mean max(0, 1 − D(real)) + mean max(0, 1 + D(fake))) */
export const hingeLoss = (real: tf.Tensor, fake: tf.Tensor): tf.Scalar =>
  tf.tidy(() => {
    const losses = tf.add(tf.mean(tf.relu(tf.sub(1, real))), tf.mean(tf.relu(tf.add(1, fake))));
    return tf.mul(losses, 0.5) as tf.Scalar;
  });
