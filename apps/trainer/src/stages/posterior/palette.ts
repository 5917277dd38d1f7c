import { maximalDistancePalette, type Palette, type Rgb } from '@gss/maskige';
import { randomPalette } from '@gss/maskige/design';
import {
  type ConvInverseConfig,
  type ConvInverseParams,
  colourise,
  convInverse,
  convInverseSpec,
  inverseLoss,
  leastSquaresInverse,
  linearInverse,
  paletteBound,
  reconstructThrough,
} from '@gss/posterior';
import { type GssTokenizerConfig, openTokenizer, tokenizerMultiple } from '@gss/segmenter';
import { saveTokenizerFolder } from '@gss/segmenter/node';
import { createRng, initParams, type Spec, type Training, table } from '@gss/tensor';
import { type LossResult, sgd } from '@gss/train';
import type { Batch } from '@gss/train/node';
import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../../cli/errors.js';
import { filledTensor, labelTensor, scaleLabels } from '../batch.js';
import type { StageContext, StageResult } from '../stage.js';
import { codeLogits, saysProbabilities } from './code-logits.js';
import type { Painted } from './maskige.js';
import type { PosteriorPlan } from './plan.js';
import { runPosterior } from './training.js';

type Params = { readonly beta: tf.Tensor2D; readonly inverse?: ConvInverseParams };

/** β as bytes, the form in which it paints. */
async function bytesOf(beta: tf.Tensor2D): Promise<Palette> {
  const rows = (await beta.array()) as number[][];
  return rows.map((row) => row.map((v) => Math.round(255 * Math.min(1, Math.max(0, v)))) as unknown as Rgb);
}

/** Refuses crops that the tokenizer would have to pad, and photos that it would have to see. */
function check({ tokenizer }: GssTokenizerConfig, { crop, enlarge, variant }: PosteriorPlan): void {
  if (tokenizer.input === 'one-hot')
    throw new UsageError(`posterior: ${variant} trains a palette, but this tokenizer reads one channel a class.`);
  const side = Math.ceil(tokenizerMultiple(tokenizer) / enlarge);
  if (crop.some((length) => length % side))
    throw new UsageError(
      `posterior.crop is ${crop.join(' × ')}, but this tokenizer codes squares of ${side} pixels. Give multiples of ${side}.`,
    );
}

/**
 * GSS-TF and GSS-TT (§3.3, appendix A and D ii): SGD on the palette β through the frozen tokenizer, whose codes are a hard
 * Gumbel-softmax. TF in alternation with γ = (βᵀβ)⁻¹βᵀ (Eq. (15)), before every step; TT together with a convolutional 𝒳⁻¹ by cross
 * entropy. β stays within the colours, [0, 1]. Leaves DIR/posterior/model, a tokenizer folder.
 */
export async function trainPalette(context: StageContext, plan: PosteriorPlan, painted: Painted): Promise<StageResult> {
  const { seed } = context.config;
  const { config: base, params: stage1 } = painted;
  check(base, plan);
  const K = base.classes.length;
  const joint = plan.variant === 'tt';
  const ft: ConvInverseConfig = { channels: plan.inverse.channels, classes: K };
  const rng = createRng(seed).fork('posterior');
  const start = plan.start === 'random' ? randomPalette(K, { seed }) : maximalDistancePalette(K);
  const values = () => Float32Array.from(start.flat(), (v) => v / 255);
  const beta = table([K, 3], { type: 'values', values });
  const spec: Spec = joint ? { beta, inverse: convInverseSpec(ft) } : { beta };
  const tokenizer = openTokenizer(base.tokenizer, stage1);
  const { temperature, codeTemperature, noise = saysProbabilities(base.tokenizer) } = plan.gumbel;
  const logits = codeLogits(base.tokenizer, stage1, codeTemperature);
  let gamma: tf.Tensor2D | undefined;

  /** x̂ at the size of the (enlarged) labels, and the classes of its pixels, [N, K]; none where there is no label. */
  const through = (batch: Batch, beta: tf.Tensor2D, training: Training) => {
    const filled = filledTensor(batch, K);
    const hot = tf.cast(tf.oneHot(filled, K), 'float32');
    const source = noise ? training.rng.fork('gumbel') : ('none' as const);
    const image = colourise(hot, beta) as tf.Tensor4D;
    const output = reconstructThrough(image, logits, tokenizer, { temperature, noise: source });
    const labels = labelTensor(batch);
    const counted = tf.reshape(tf.cast(tf.notEqual(labels, 255), 'float32'), [-1, 1]);
    return { output, labels, classes: tf.mul(tf.reshape(hot, [-1, K]), counted) as tf.Tensor2D };
  };
  const loss = (params: Params, batch: Batch, training: Training): LossResult => {
    const { output, labels, classes } = through(scaleLabels(batch, plan.enlarge), params.beta, training);
    if (joint) return { loss: inverseLoss(convInverse(output, params.inverse!, training), labels) };
    if (plan.objective === 'cross-entropy') return { loss: inverseLoss(linearInverse(output, gamma!), labels) };
    const reconstruction = tf.reshape(output, [-1, 3]) as tf.Tensor2D;
    const bound = paletteBound({ classes, beta: params.beta, gamma: gamma!, reconstruction });
    return { loss: bound.loss, logs: { reconstruction: bound.reconstruction, inversion: bound.inversion } };
  };

  try {
    return await runPosterior(context, plan, {
      title: `X (${plan.variant})`,
      base,
      spec,
      optimizer: sgd({ momentum: plan.momentum }),
      clipNorm: plan.clipNorm ?? 1,
      init: () => initParams(spec, rng.fork('init')),
      prepare: async (params) => {
        if (joint) return;
        gamma?.dispose();
        gamma = leastSquaresInverse((await (params as unknown as Params).beta.array()) as number[][]);
      },
      loss: (params, batch, training) => loss(params as unknown as Params, batch, training),
      afterStep: (params) => {
        const { beta } = params as unknown as Params;
        const inside = tf.tidy(() => tf.clipByValue(beta, 0, 1));
        (beta as tf.Variable<tf.Rank.R2>).assign(inside);
        inside.dispose();
        return params;
      },
      save: async (folder, params, about) => {
        const { beta, inverse } = params as unknown as Params;
        const saved: GssTokenizerConfig = {
          ...base,
          palette: await bytesOf(beta),
          ...(joint ? { ft } : { inverse: plan.free }),
          training: { ...base.training, posterior: about },
        };
        await saveTokenizerFolder(folder, saved, stage1, inverse);
      },
    });
  } finally {
    gamma?.dispose();
  }
}
