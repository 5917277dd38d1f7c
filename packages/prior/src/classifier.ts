import { conv, convArgMax, convNoBiasSpec, convSpec, type ParamsOf } from '@gss/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface ClassifierConfig {
  /** Channels before the token classifier. */
  readonly classifierChannels: number;
  /** Number of codes of the tokenizer. */
  readonly vocabulary: number;
  /**
   * `full` (default) is the reference's 1×1 convolution from `classifierChannels` to `vocabulary`; `low-rank` (ours) is two of
   * them, over `classifierRank` channels, without anything between: a matrix of that rank at a part of the price. `tied` (ours)
   * gives every pixel of a square a logit for each class, `classifierRank` = d²·K in all, and a code the sum of those that its square
   * shows, and a bias: what is learned of a class serves all codes that show it.
   */
  readonly classifier?: 'full' | 'low-rank' | 'tied';
  /** Rank of a low-rank classifier. Default a quarter of `classifierChannels`: a third of the products of the paper's head. */
  readonly classifierRank?: number;
}

/** Share of `classifierChannels` that a low-rank classifier keeps by default. */
const defaultShare = 1 / 4;

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
      `priorSpec: classifierRank ${rank} is not a whole number from 1 to classifierChannels, ${classifierChannels}. A quarter of it is usual.`,
    );
  return [
    convNoBiasSpec(1, classifierChannels, rank, { type: 'normal', std: Math.sqrt(2 / classifierChannels) }),
    convSpec(1, rank, vocabulary, { type: 'normal', std: spread * Math.sqrt(classifierChannels / (2 * rank)) }),
  ] as const;
}

/** The second convolution is p(c|z), which the tokenizer decides and training leaves alone (`tieClassifier`). */
function tiedSpec({ classifierChannels, vocabulary, classifierRank: rank }: ClassifierConfig) {
  if (rank === undefined)
    throw new RangeError(
      'priorSpec: a tied classifier needs classifierRank, pixels of a square times classes (176 for d = 1/4 and 11 classes).',
    );
  return [
    convSpec(1, classifierChannels, rank, { type: 'normal', std: spread }),
    convSpec(1, rank, vocabulary, { type: 'zeros' }),
  ] as const;
}

/** The parameter of a tied classifier that does not train. */
export const tiedTableName = 'conv_seg.1.weight';

/**
 * Sets a tied classifier's table and the bias of every code: ln of its frequency, so that training starts from the codes' shares.
 * The leaves in `conv_seg` that are replaced are disposed; the table stays the caller's.
 * @param table p(c|z), [V, d²·K]
 * @param frequencies occurrences of each code, [V], every count taken half a one larger, so that none is 0; without them the biases stay
 * @throws RangeError for the classifier of another table
 */
export function tieClassifier(
  conv_seg: ClassifierParams,
  table: tf.Tensor2D,
  frequencies?: ArrayLike<number>,
): ClassifierParams {
  const [V, rank] = table.shape;
  if (!Array.isArray(conv_seg) || conv_seg[1].weight.shape.join() !== [1, 1, rank, V].join())
    throw new RangeError(
      `tieClassifier: expected the tied classifier of a table [${V}, ${rank}]. Check classifierRank.`,
    );
  const [first, second] = conv_seg as unknown as readonly [Conv, Conv];
  second.weight.dispose();
  if (frequencies) second.bias.dispose();
  const weight = tf.tidy(() => tf.reshape(tf.transpose(table), [1, 1, rank, V]) as tf.Tensor4D);
  const bias = frequencies ? logFrequencies(frequencies) : second.bias;
  return [first, { weight, bias }] as unknown as ClassifierParams;
}

/** ln of each share: [V]. */
function logFrequencies(frequencies: ArrayLike<number>): tf.Tensor1D {
  const counts = Array.from(frequencies, (count) => count + 0.5);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return tf.tensor1d(counts.map((count) => Math.log(count / total)));
}

type Conv = ParamsOf<ReturnType<typeof fullSpec>>;

/** `conv_seg`: one convolution, or two named conv_seg.0 and conv_seg.1, which PyTorch loads as a Sequential. */
export const classifierSpec = (
  config: ClassifierConfig,
): ReturnType<typeof fullSpec> | ReturnType<typeof lowRankSpec> | ReturnType<typeof tiedSpec> => {
  if (config.classifier === 'tied') return tiedSpec(config);
  return config.classifier === 'low-rank' ? lowRankSpec(config) : fullSpec(config);
};
export type ClassifierParams =
  | ParamsOf<ReturnType<typeof fullSpec>>
  | ParamsOf<ReturnType<typeof lowRankSpec>>
  | ParamsOf<ReturnType<typeof tiedSpec>>;

/** [B, h, w, classifierChannels] → token logits, [B, h, w, vocabulary] */
export function classifyTokens(x: tf.Tensor4D, params: ClassifierParams): tf.Tensor4D {
  if ('weight' in params) return conv(x, params);
  const [down, up] = params;
  return tf.tidy(() => conv(conv(x, down), up));
}

/** arg max of `classifyTokens`, the first on a tie, int32 [B, h, w]; a backend with a kernel for it stores no logits. No gradient. */
export function likeliestTokens(x: tf.Tensor4D, params: ClassifierParams): tf.Tensor3D {
  if ('weight' in params) return convArgMax(x, params);
  const [down, up] = params;
  return tf.tidy(() => convArgMax(conv(x, down), up));
}
