import { linear, linearSpec, type ParamsOf } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { convBatchNorm, convWeightSpec, normSpec } from './conv-norm.js';
import { type EfficientNetConfig, efficientnet, efficientnetSpec } from './efficientnet.js';

/** The whole network of a checkpoint: the backbone, `_conv_head`, `_bn1` and `_fc`. */
export const efficientnetClassifierSpec = (config: EfficientNetConfig, classes = 1000) => ({
  ...efficientnetSpec(config),
  _conv_head: convWeightSpec(1, config.channels.at(-1)!, config.headChannels),
  _bn1: normSpec(config.headChannels, '_conv_head'),
  _fc: linearSpec(config.headChannels, classes),
});
export type EfficientNetClassifierParams = ParamsOf<ReturnType<typeof efficientnetClassifierSpec>>;

/** Image → logits of ImageNet's classes: [B, H, W, 3], (pixel − 127) / 128, → [B, classes]. It shows that weights are what they should be. */
export function efficientnetClassifier(
  x: tf.Tensor4D,
  params: EfficientNetClassifierParams,
  config: EfficientNetConfig,
): tf.Tensor2D {
  return tf.tidy(() => {
    const maps = efficientnet(x, params, config);
    const wide = convBatchNorm(maps.at(-1)!, params._conv_head, params._bn1); // [B, H / 32, W / 32, headChannels]
    return linear(tf.mean(wide, [1, 2]) as tf.Tensor2D, params._fc);
  });
}

/** The backbone's part of a checkpoint, for `loadParams('efficientnet', efficientnetSpec(config), backboneWeights(weights))`. */
export const backboneWeights = <T>(weights: ReadonlyMap<string, T>): Map<string, T> =>
  new Map([...weights].filter(([name]) => !/^(_conv_head|_bn1|_fc)\./.test(name)));
