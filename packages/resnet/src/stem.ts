import { batchNormSpec, convBatchNorm, convNoBiasSpec, type ParamsOf, pad2d, type Training } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

const kaiming = { type: 'kaimingNormal' } as const;

/** One 7×7 convolution (ResNet). */
export const stemSpec = (channels: number) => ({
  conv1: convNoBiasSpec(7, 3, channels, kaiming),
  bn1: batchNormSpec(channels, { behind: 'conv1' }),
});
export type StemParams = ParamsOf<ReturnType<typeof stemSpec>>;

/** Three 3×3 convolutions (ResNetV1c). Places 2, 5 and 8 are the ReLUs of the reference's Sequential. */
export const deepStemSpec = (channels: number) => ({
  stem: [
    convNoBiasSpec(3, 3, channels / 2, kaiming),
    batchNormSpec(channels / 2, { behind: 0 }),
    undefined,
    convNoBiasSpec(3, channels / 2, channels / 2, kaiming),
    batchNormSpec(channels / 2, { behind: 3 }),
    undefined,
    convNoBiasSpec(3, channels / 2, channels, kaiming),
    batchNormSpec(channels, { behind: 6 }),
  ] as const,
});
export type DeepStemParams = ParamsOf<ReturnType<typeof deepStemSpec>>;

/**
 * torch.nn.MaxPool2d(3, stride 2, padding 1): [B, H, W, C] → [B, ⌈H / 2⌉, ⌈W / 2⌉, C]. Zeros pad, which is the same here:
 * the input comes from a ReLU, so no value is below them.
 */
export function maxPoolOfRelu(x: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => tf.maxPool(pad2d(x, [1, 1, 1, 1]), 3, 2, 'valid'));
}

/** [B, H, W, 3] → [B, ⌈H / 2⌉, ⌈W / 2⌉, channels], not below 0. */
export function stem(x: tf.Tensor4D, p: StemParams | DeepStemParams, training?: Training): tf.Tensor4D {
  return tf.tidy(() => {
    if (!('stem' in p)) return convBatchNorm(x, p.conv1, p.bn1, { stride: 2, padding: 3, activate: true }, training);
    const [conv1, bn1, , conv2, bn2, , conv3, bn3] = p.stem;
    const first = convBatchNorm(x, conv1, bn1, { stride: 2, padding: 1, activate: true }, training);
    const second = convBatchNorm(first, conv2, bn2, { activate: true }, training);
    return convBatchNorm(second, conv3, bn3, { activate: true }, training);
  });
}
