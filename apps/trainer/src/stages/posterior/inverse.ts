import { join } from 'node:path';
import { type FtwConfig, inverseLoss } from '@gss/posterior';
import {
  applyInverse,
  createMaskigeCodec,
  type GssModelConfig,
  type GssTokenizerConfig,
  type InverseConfig,
  type InverseParams,
  inverseSpec,
  type NetworkParams,
  networkSpec,
  openTokenizer,
} from '@gss/segmenter';
import { saveModelFolder, saveTokenizerFolder } from '@gss/segmenter/node';
import { createRng, disposeTree, frozen, initParams, mapTree, type Spec, type Tree } from '@gss/tensor';
import { adamW, noDecayRules, polySchedule } from '@gss/train';
import { type Batch, createLoader, trainLoop } from '@gss/train/node';
import * as tf from '@tensorflow/tfjs-core';
import { trainingPipeline } from '../../data/pipeline.js';
import { labelTensor } from '../batch.js';
import type { StageContext, StageResult } from '../stage.js';
import type { Painted } from './maskige.js';
import { fromPrior, fromTokenizer, type Noisy } from './noisy.js';
import { type OpenedModel, withInverse } from './open-model.js';
import type { PosteriorPlan } from './plan.js';

type Params = { readonly inverse: InverseParams; readonly network?: NetworkParams };

/** The learned 𝒳⁻¹ that a plan asks for: three convolutions for FT, Swin blocks for FT-W. */
function inverseConfig({ variant, inverse }: PosteriorPlan, classes: number): InverseConfig {
  const { channels, hidden, depth, heads, window, photo, soft } = inverse;
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
  };
  return { ftw };
}

/** What the inverse is trained around: a tokenizer alone, or a model that predicts the tokens. */
export type Around = { readonly painted: Painted } | { readonly model: OpenedModel };

/**
 * GSS-FT and GSS-FT-W (§3.3, appendix D iii): cross entropy of 𝒳⁻¹ on noisy maskiges, AdamW; all else stays as it is. Leaves
 * DIR/posterior/model, a tokenizer folder or, around a model, a complete model folder.
 */
export async function trainInverse(context: StageContext, plan: PosteriorPlan, around: Around): Promise<StageResult> {
  const { config, train, dir, out, signal, resume } = context;
  const model = 'model' in around ? around.model : undefined;
  const base = 'model' in around ? around.model.config : around.painted.config;
  const K = base.classes.length;
  const own = inverseConfig(plan, K);
  const moving = model !== undefined && plan.freeze === 'reference';
  const spec: Spec = {
    inverse: inverseSpec(own) as Spec,
    ...(moving ? { network: networkSpec(model.config) as Spec } : {}),
  };
  const stage1 = 'model' in around ? around.model.tokenizer : around.painted.params;
  const tokenizer = openTokenizer(base.tokenizer, stage1);
  const codec = createMaskigeCodec(base, base.tokenizer.input);
  const { tokenNoise, enlarge } = plan;
  const { photo, soft } = plan.inverse;
  const noise = { tokenNoise, photo, soft };
  const noisy = model
    ? fromPrior(model.config, tokenizer, codec, noise, moving)
    : fromTokenizer(tokenizer, codec, K, { ...noise, enlarge });
  let current: Noisy | undefined;
  const bar = out.progress(`X⁻¹ (${plan.variant})`, plan.steps);
  const networkNow = (params: Params) => (moving ? params.network : model?.network);
  try {
    const result = await trainLoop<Spec, Batch>({
      dir: join(dir, 'posterior'),
      spec,
      seed: config.seed,
      steps: plan.steps,
      config: JSON.stringify({ stage: 'posterior', seed: config.seed, plan, source: train.source, base }),
      resume,
      signal,
      optimizer: adamW({ weightDecay: plan.weightDecay, rules: noDecayRules }),
      trains: (name) => name.startsWith('inverse.'),
      schedule: polySchedule({
        base: plan.lr,
        total: plan.steps,
        power: plan.power,
        warmup: { iterations: Math.min(plan.warmup, plan.steps - 1) },
      }),
      ...(plan.clipNorm ? { clipNorm: plan.clipNorm } : {}),
      ema: plan.ema,
      checkpointEvery: plan.checkpointEvery,
      init: () => {
        const inverse = initParams(inverseSpec(own) as Spec, createRng(config.seed).fork('posterior/init'));
        const copied = () => mapTree(model!.network as Tree<tf.Tensor>, (tensor) => tensor.clone());
        return moving ? { inverse, network: copied() } : { inverse };
      },
      batches: (start) =>
        createLoader({
          source: train.source,
          length: train.dataset.length,
          pipeline: trainingPipeline(plan, train.size),
          batchSize: plan.batchSize,
          seed: config.seed,
          start,
        }),
      prepare: (params, batch, training) => {
        if (current) tf.dispose(current);
        current = noisy(batch, training, networkNow(params as unknown as Params));
      },
      loss: (params, batch, training) => {
        const { maskige, sides } = current!;
        const { inverse } = params as unknown as Params;
        const loss = tf.tidy(() =>
          inverseLoss(applyInverse(maskige, inverse, own, sides, training), labelTensor(batch)),
        );
        return { loss };
      },
      onProgress: ({ step, loss }) => bar.update(step, `loss ${loss.toFixed(4)}`),
    });
    const trained = frozen(result.params) as unknown as Params;
    const folder = join(dir, 'posterior', 'model');
    if (result.finished) {
      const about = { variant: plan.variant, seed: config.seed, steps: result.step };
      await save(folder, around, own, { ...trained, network: networkNow(trained) }, about);
    }
    disposeTree(trained as unknown as Tree<tf.Tensor>);
    return { finished: result.finished, seconds: result.seconds, folder: result.finished ? folder : undefined };
  } finally {
    bar.stop();
    codec.dispose();
    if (current) tf.dispose(current);
  }
}

async function save(
  folder: string,
  around: Around,
  own: InverseConfig,
  { inverse, network }: { readonly inverse: InverseParams; readonly network: NetworkParams | undefined },
  posterior: Readonly<Record<string, unknown>>,
): Promise<void> {
  if ('model' in around) {
    const { model } = around;
    const config: GssModelConfig = { ...model.config, ...own, training: { ...model.config.training, posterior } };
    await saveModelFolder(folder, config, withInverse({ network: network!, tokenizer: model.tokenizer }, inverse, own));
    return;
  }
  const { config, params } = around.painted;
  const saved: GssTokenizerConfig = { ...config, ...own, training: { ...config.training, posterior } };
  await saveTokenizerFolder(folder, saved, params, inverse);
}
