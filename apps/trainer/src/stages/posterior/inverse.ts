import { ignoreIndex } from '@gss/datasets';
import { type FtwConfig, inverseLoss } from '@gss/posterior';
import { weightedCrossEntropy } from '@gss/prior';
import {
  applyInverse,
  createMaskigeCodec,
  type GssModelConfig,
  type GssTokenizerConfig,
  type InverseConfig,
  type InverseParams,
  inverseSpec,
  marginalTable,
  type NetworkParams,
  networkSpec,
  openTokenizer,
} from '@gss/segmenter';
import { saveModelFolder, saveTokenizerFolder } from '@gss/segmenter/node';
import { createRng, initParams, mapTree, resize, type Spec, type Tree } from '@gss/tensor';
import { adamW, noDecayRules } from '@gss/train';
import * as tf from '@tensorflow/tfjs-core';
import { labelTensor } from '../batch.js';
import { openBalance } from '../prior-balance.js';
import type { StageContext, StageResult } from '../stage.js';
import { jointRules, jointTrains, openJoint } from './joint.js';
import type { Painted } from './maskige.js';
import { fromPrior, fromTokenizer, type Noisy } from './noisy.js';
import { type OpenedModel, withInverse } from './open-model.js';
import type { PosteriorPlan } from './plan.js';
import { type About, runPosterior } from './training.js';

type Params = { readonly inverse: InverseParams; readonly network?: NetworkParams };

/** The learned 𝒳⁻¹ that a plan asks for: three convolutions for FT, Swin blocks for FT-W. */
function inverseConfig({ variant, inverse }: PosteriorPlan, classes: number): InverseConfig {
  const { channels, hidden, depth, heads, window, photo, soft, marginal } = inverse;
  if (variant !== 'ft-w') return { ft: { channels, classes } };
  const ftw: FtwConfig = {
    channels,
    depth,
    heads,
    window,
    hidden,
    classes,
    ...(photo ? { photo } : {}),
    ...(soft ? { soft } : {}),
    ...(marginal ? { marginal } : {}),
  };
  return { ftw };
}

/** What the inverse is trained around: a tokenizer alone, or a model that predicts the tokens. */
export type Around = { readonly painted: Painted } | { readonly model: OpenedModel };

/** Cross entropy of 𝒳⁻¹'s scores and a batch's labels, each pixel with the weight of its class where there are any. */
function openLoss(classWeights: readonly number[] | undefined) {
  const weights = classWeights && tf.tensor1d([...classWeights]);
  const weighted = weights && weightedCrossEntropy(weights);
  const loss = (scores: tf.Tensor4D, labels: tf.Tensor3D): tf.Scalar => {
    const [, H, W] = labels.shape;
    return weighted ? weighted(resize(scores, [H, W]), labels, ignoreIndex) : inverseLoss(scores, labels);
  };
  return { loss, dispose: () => weights?.dispose() };
}

/**
 * GSS-FT and GSS-FT-W (§3.3, appendix D iii): cross entropy of 𝒳⁻¹ on noisy maskiges, AdamW; all else stays as it is, but for a
 * network that is tuned with its inverse (`posterior.joint`). Leaves
 * DIR/posterior/model, a tokenizer folder or, around a model, a complete model folder.
 */
export async function trainInverse(context: StageContext, plan: PosteriorPlan, around: Around): Promise<StageResult> {
  const model = 'model' in around ? around.model : undefined;
  const base = 'model' in around ? around.model.config : around.painted.config;
  const K = base.classes.length;
  const own = inverseConfig(plan, K);
  const { joint } = plan;
  const moving = model !== undefined && (joint !== undefined || plan.freeze === 'reference');
  const spec: Spec = {
    inverse: inverseSpec(own) as Spec,
    ...(moving ? { network: networkSpec(model.config) as Spec } : {}),
  };
  const stage1 = 'model' in around ? around.model.tokenizer : around.painted.params;
  const tokenizer = openTokenizer(base.tokenizer, stage1);
  const codec = createMaskigeCodec(base, base.tokenizer.input);
  const { tokenNoise, enlarge } = plan;
  const { photo } = plan.inverse;
  const whole = model && { ...model.config, ...own, decoding: 'argmax' as const };
  const classTable = whole && marginalTable(whole, tokenizer, codec);
  const reader = whole && { config: whole, tokenizer, codec, classTable };
  const noisy = reader
    ? fromPrior(reader, { tokenNoise, moving })
    : fromTokenizer(tokenizer, codec, K, { tokenNoise, photo, enlarge });
  const { weights } = await openBalance(context, { classWeights: plan.classWeights });
  const objective = openLoss(weights);
  const { prior } = context.config;
  const tuned =
    joint && model && reader
      ? openJoint({
          model,
          reader,
          inverse: own,
          plan: { ...plan, joint },
          prior,
          classWeights: weights,
          inverseLoss: objective.loss,
        })
      : undefined;
  let current: Noisy | undefined;
  const networkNow = (params: Params) => (moving ? params.network : model?.network);
  try {
    return await runPosterior(context, plan, {
      title: `X⁻¹ (${plan.variant})`,
      base,
      spec,
      optimizer: adamW({
        weightDecay: plan.weightDecay,
        rules: joint && model ? jointRules(networkSpec(model.config) as Spec, model, prior, joint) : noDecayRules,
      }),
      trains: joint && model ? jointTrains(model) : (name) => name.startsWith('inverse.'),
      ...(plan.clipNorm ? { clipNorm: plan.clipNorm } : {}),
      ema: plan.ema,
      init: () => {
        const inverse = initParams(inverseSpec(own) as Spec, createRng(context.config.seed).fork('posterior/init'));
        const copied = () => mapTree(model!.network as Tree<tf.Tensor>, (tensor) => tensor.clone());
        return moving ? { inverse, network: copied() } : { inverse };
      },
      prepare: (params, batch, training) => {
        if (tuned) return;
        if (current) tf.dispose(current);
        current = noisy(batch, training, networkNow(params as unknown as Params));
      },
      loss: (params, batch, training) => {
        if (tuned) return tuned.loss(params as unknown as Required<Params>, batch, training);
        const { maskige, sides } = current!;
        const { inverse } = params as unknown as Params;
        const loss = tf.tidy(() =>
          objective.loss(applyInverse(maskige, inverse, own, sides, training), labelTensor(batch)),
        );
        return { loss };
      },
      save: (folder, params, about) => {
        const { inverse, network } = params as unknown as Params;
        return save(folder, around, own, { inverse, network: moving ? network : model?.network }, about, context.out);
      },
    });
  } finally {
    tuned?.dispose();
    codec.dispose();
    classTable?.dispose();
    objective.dispose();
    if (current) tf.dispose(current);
  }
}

/**
 * The model that an inverse of its most probable tokens makes. One that summed over codes or blended them decodes those tokens from
 * now on: its inverse has seen nothing else.
 */
function modelWith(
  { model }: { readonly model: OpenedModel },
  own: InverseConfig,
  posterior: About,
  out: StageContext['out'],
): GssModelConfig {
  const { config, where } = model;
  if (config.decoding !== 'argmax')
    out.note(
      `note: ${where} has decoding ${config.decoding}; with a learned inverse the model decodes the most probable tokens.`,
    );
  return { ...config, ...own, decoding: 'argmax', training: { ...config.training, posterior } };
}

async function save(
  folder: string,
  around: Around,
  own: InverseConfig,
  { inverse, network }: { readonly inverse: InverseParams; readonly network: NetworkParams | undefined },
  posterior: About,
  out: StageContext['out'],
): Promise<void> {
  if ('model' in around) {
    const { tokenizer } = around.model;
    const params = withInverse({ network: network!, tokenizer }, inverse, own);
    await saveModelFolder(folder, modelWith(around, own, posterior, out), params);
    return;
  }
  const { config, params } = around.painted;
  const saved: GssTokenizerConfig = { ...config, ...own, training: { ...config.training, posterior } };
  await saveTokenizerFolder(folder, saved, params, inverse);
}
