import { conv, convNoBiasSpec, convSpec, type ParamsOf } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface ClassifierConfig {
  /** Channels before the token classifier. */
  readonly classifierChannels: number;
  /** Number of codes of the tokenizer. */
  readonly vocabulary: number;
  /**
   * `full` (default) is the reference's 1×1 convolution from `classifierChannels` to `vocabulary`; `low-rank` (ours) is two of
   * them, over `classifierRank` channels, without anything between: a matrix of that rank at a part of the price.
   */
  readonly classifier?: 'full' | 'low-rank';
  /** Rank of a low-rank classifier. Default an eighth of `classifierChannels`: a sixth of the products of the paper's head. */
  readonly classifierRank?: number;
}

/** Share of `classifierChannels` that a low-rank classifier keeps by default. */
const defaultShare = 1 / 8;

/** Spread of the initial logits' weights, as mmsegmentation draws conv_seg. */
const spread = 0.01;

const fullSpec = ({ classifierChannels, vocabulary }: ClassifierConfig) =>
  convSpec(1, classifierChannels, vocabulary, { type: 'normal', std: spread });

/**
 * Down to `rank` channels of about unit variance, up again with weights that leave the initial logits as spread as those
 * of the full classifier, which reads channels of mean square ½.
 */
function lowRankSpec({ classifierChannels, vocabulary, classifierRank }: ClassifierConfig) {
  const rank = classifierRank ?? Math.max(1, Math.round(classifierChannels * defaultShare));
  if (!Number.isInteger(rank) || rank < 1 || rank > classifierChannels)
    throw new RangeError(
      `priorSpec: classifierRank ${rank} is not a whole number from 1 to classifierChannels, ${classifierChannels}. A quarter to an eighth of it is usual.`,
    );
  return [
    convNoBiasSpec(1, classifierChannels, rank, { type: 'normal', std: Math.sqrt(2 / classifierChannels) }),
    convSpec(1, rank, vocabulary, { type: 'normal', std: spread * Math.sqrt(classifierChannels / (2 * rank)) }),
  ] as const;
}

/** `conv_seg`: one convolution, or two named conv_seg.0 and conv_seg.1, which PyTorch loads as a Sequential. */
export const classifierSpec = (
  config: ClassifierConfig,
): ReturnType<typeof fullSpec> | ReturnType<typeof lowRankSpec> =>
  config.classifier === 'low-rank' ? lowRankSpec(config) : fullSpec(config);
export type ClassifierParams = ParamsOf<ReturnType<typeof fullSpec>> | ParamsOf<ReturnType<typeof lowRankSpec>>;

/** [B, h, w, classifierChannels] → token logits, [B, h, w, vocabulary] */
export function classifyTokens(x: tf.Tensor4D, params: ClassifierParams): tf.Tensor4D {
  if ('weight' in params) return conv(x, params);
  const [down, up] = params;
  return tf.tidy(() => conv(conv(x, down), up));
}
