import { ignoreIndex } from '@gss/datasets';
import {
  crossEntropy,
  type PriorOutput,
  priorLoss,
  type SmoothedCrossEntropy,
  smoothedCrossEntropy,
  weightedCrossEntropy,
} from '@gss/prior';
import {
  classTable,
  type GssModelConfig,
  marginalScores,
  type NetworkParams,
  network,
  normalize,
} from '@gss/segmenter';
import { resize, type Training } from '@gss/tensor';
import type { LossResult } from '@gss/train';
import type { Batch } from '@gss/train/node';
import * as tf from '@tensorflow/tfjs-core';
import type { PriorTrainConfig } from '../config/schema.js';
import { type CachedTokens, encodeLabels, type TokenCoder } from '../data/tokens.js';
import { contextTensor, imageTensor, labelTensor, scaleLabels } from './batch.js';
import { codeVectors } from './code-vectors.js';

type CrossEntropy = typeof crossEntropy;

/** Cross entropy of the twin's pixel classifier at the size of the labels, [B, H, W]; 255 is ignored. */
function twinLoss({ pixelLogits }: PriorOutput, labels: tf.Tensor3D, pixelLoss: CrossEntropy): LossResult {
  const [, H, W] = labels.shape;
  const loss = tf.tidy(() => pixelLoss(resize(pixelLogits!, [H, W]), labels, ignoreIndex));
  return { loss, logs: { pixel: loss } };
}

/** What the loss of stage II needs besides the network. */
export interface PriorLossParts {
  readonly model: GssModelConfig;
  readonly config: PriorTrainConfig;
  readonly coder: TokenCoder;
  readonly cached: CachedTokens | undefined;
  /** Weights of the classes in the pixel loss. */
  readonly classWeights?: readonly number[] | undefined;
}

export interface PriorTrainLoss {
  readonly loss: (params: NetworkParams, batch: Batch, training: Training, model?: GssModelConfig) => LossResult;
  /** The same of what the network has said to the batch. */
  readonly ofOutput: (output: PriorOutput, batch: Batch) => LossResult;
  /** Mean share of the token targets that smoothing leaves with the token; undefined without it. */
  readonly kept: number | undefined;
  dispose(): void;
}

/** The loss of stage II (Eq. (7)) as a config has it: the prior's, or the twin's. */
export function openPriorLoss({ model, config, coder, cached, classWeights }: PriorLossParts): PriorTrainLoss {
  const { tokenizer, codec, scale } = coder;
  const { fillUnlabelled, tokenSmoothing, lossWeights } = config;
  const generative = model.kind === 'generative';
  const filled = fillUnlabelled !== 'nearest';
  const weights = classWeights && tf.tensor1d([...classWeights]);
  const pixelLoss = weights ? weightedCrossEntropy(weights) : crossEntropy;
  const { marginalWeight = 0 } = config;
  const table = generative && marginalWeight > 0 ? classTable(coder.config, tokenizer, codec) : undefined;
  const codes = generative && tokenSmoothing ? codeVectors(coder.config.tokenizer, coder.params) : undefined;
  const smoothing: SmoothedCrossEntropy | undefined =
    codes && tokenSmoothing ? smoothedCrossEntropy(codes, tokenSmoothing) : undefined;
  /** Tokens of labels whose unlabelled pixels are filled: kept ones, or the encoder's. */
  const encode = (labels: tf.Tensor3D, batch: Batch): tf.Tensor3D => {
    const kept = cached?.of(batch);
    if (kept) return kept;
    const [, H, W] = labels.shape;
    const context = tokenizer.needsContext ? resize(contextTensor(batch), [H, W]) : undefined;
    return filled ? tokenizer.encode(codec.paint(labels), context) : encodeLabels(batch, coder, context);
  };
  /** −ln p(c|x) of the labels' pixels, with their weights: ignores the unlabelled. */
  const marginalLoss = ({ tokenLogits }: PriorOutput, labels: tf.Tensor3D, table: tf.Tensor2D): tf.Scalar => {
    const [, H, W] = labels.shape;
    const scores = marginalScores(tokenLogits, table, tokenizer, { size: [H, W], scale });
    return tf.mul(pixelLoss(scores, labels, ignoreIndex), marginalWeight) as tf.Scalar;
  };
  const ofOutput: PriorTrainLoss['ofOutput'] = (output, batch) => {
    if (!generative) return twinLoss(output, labelTensor(batch), pixelLoss);
    const targets = {
      labels: labelTensor(scaleLabels(batch, scale)),
      encode: (labels: tf.Tensor3D) => encode(labels, batch),
    };
    const { total, token, pixel } = priorLoss(output, targets, model.prior, {
      tokenWeight: lossWeights[0],
      pixelWeight: lossWeights[1],
      pixelSize: 'map',
      tokenLoss: smoothing?.loss,
      pixelLoss,
    });
    if (!table) return { loss: total, logs: { token, pixel } };
    const marginal = marginalLoss(output, labelTensor(batch), table);
    return { loss: tf.add(total, marginal) as tf.Scalar, logs: { token, pixel, marginal } };
  };
  return {
    loss: (params, batch, training, running = model) =>
      ofOutput(network(normalize(imageTensor(batch), running), params, running, training), batch),
    ofOutput,
    kept: smoothing?.kept(),
    dispose() {
      weights?.dispose();
      table?.dispose();
      codes?.dispose();
      smoothing?.dispose();
    },
  };
}
