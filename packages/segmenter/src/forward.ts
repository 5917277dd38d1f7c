import { resize } from '@gss/tensor';
import type { Tokenizer } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import type { GssModelConfig } from './config.js';
import type { MaskigeCodec } from './maskige.js';
import { type ModelParams, network } from './model.js';

/** A loaded model: its parts ready to run. */
export interface Runtime {
  readonly config: GssModelConfig;
  readonly params: ModelParams;
  readonly tokenizer: Tokenizer;
  readonly codec: MaskigeCodec;
}

/** What one forward pass gives, all on the device. */
export type Forward = {
  /** Class scores, larger is likelier, [B, H, W, K]. */
  readonly scores: tf.Tensor4D;
  /** x̂, [B, H, W, 3] in [0, 1]; for the discriminative twin its classes painted. */
  readonly maskige: tf.Tensor4D;
  /** argmax p(z|x), [B, h, w] int32. */
  readonly tokens: tf.Tensor3D;
  /** 1 − H(p(z|x)) / ln V per token, [B, h, w]: 1 where the prior is certain. */
  readonly confidence: tf.Tensor3D;
};

/** (image − mean) / std, per channel; image [B, H, W, 3] in 0..255. */
export function normalize(image: tf.Tensor4D, { mean, std }: Pick<GssModelConfig, 'mean' | 'std'>): tf.Tensor4D {
  return tf.tidy(() => tf.div(tf.sub(image, tf.tensor1d([...mean])), tf.tensor1d([...std])));
}

/** 1 − normalised entropy of logits over the last axis: [..., V] → [...] in [0, 1]. */
export function certainty<T extends tf.Tensor>(logits: tf.Tensor): T {
  return tf.tidy(() => {
    const logp = tf.logSoftmax(logits);
    const negativeEntropy = tf.sum(tf.mul(tf.exp(logp), logp), -1);
    const V = logits.shape[logits.rank - 1]!;
    return tf.add(1, tf.div(negativeEntropy, Math.log(V))) as T;
  });
}

/** Generative inference (§3.5, Fig. 3 bottom): image [B, H, W, 3] in 0..255, of any size. */
export function forward(image: tf.Tensor4D, { config, params, tokenizer, codec }: Runtime): Forward {
  const [B, H, W] = image.shape;
  return tf.tidy((): Forward => {
    const { tokenLogits, pixelLogits } = network(normalize(image, config), params, config);
    if (config.kind === 'discriminative') {
      const scores = resize(pixelLogits!, [H, W]);
      const labels = tf.argMax(scores, 3) as tf.Tensor3D;
      const [, h, w] = pixelLogits!.shape;
      return {
        scores,
        maskige: codec.paint(labels),
        tokens: tf.zeros([B, h, w], 'int32') as tf.Tensor3D,
        confidence: certainty<tf.Tensor3D>(pixelLogits!),
      };
    }
    const tokens = tf.argMax(tokenLogits, 3) as tf.Tensor3D;
    const decoded =
      config.decoding === 'expected'
        ? tokenizer.decodeProbabilities(tf.softmax(tokenLogits))
        : tokenizer.decode(tf.cast(tokens, 'int32'));
    const covered: tf.Tensor4D =
      decoded.shape[1] >= H && decoded.shape[2] >= W
        ? tf.slice(decoded, [0, 0, 0, 0], [B, H, W, 3])
        : resize(decoded, [H, W]);
    return { scores: codec.scores(covered), maskige: covered, tokens, confidence: certainty<tf.Tensor3D>(tokenLogits) };
  });
}
