import { join } from 'node:path';
import { saveTokenizerFolder } from '@gss/segmenter/node';
import { disposeTree, type Tree } from '@gss/tensor';
import type * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../../cli/errors.js';
import { sameClasses } from '../../data/sources.js';
import type { StageContext, StageResult } from '../stage.js';
import { trainInverse } from './inverse.js';
import { checkJoint } from './joint.js';
import { openPainted } from './maskige.js';
import { openModel } from './open-model.js';
import { trainPalette } from './palette.js';
import { type PosteriorPlan, posteriorPlan } from './plan.js';

export interface PosteriorContext extends StageContext {
  /** Tokenizer folder, or the dVAE's weights as gss convert writes them. Only a model folder needs none. */
  readonly tokenizer?: string | undefined;
  /** ft and ft-w: the model whose predicted tokens make the maskiges noisy, a folder or a checkpoint of a half-trained stage II. */
  readonly model?: string | undefined;
}

function tokenizerOf({ tokenizer }: PosteriorContext, { variant }: PosteriorPlan): string {
  if (tokenizer !== undefined) return tokenizer;
  throw new UsageError(`posterior: ${variant} is for a tokenizer. Name its folder with --tokenizer.`);
}

/** GSS-FF-R and GSS-FF: no training, the tokenizer's folder in the plan's colours. */
async function free(context: PosteriorContext, plan: PosteriorPlan): Promise<StageResult> {
  const began = performance.now();
  const { config, params } = await openPainted(tokenizerOf(context, plan), context.train, plan, context);
  const folder = join(context.dir, 'posterior', 'model');
  const posterior = { variant: plan.variant, seed: context.config.seed };
  await saveTokenizerFolder(
    folder,
    { ...config, inverse: plan.free, training: { ...config.training, posterior } },
    params,
  );
  disposeTree(params as Tree<tf.Tensor>);
  return { finished: true, seconds: (performance.now() - began) / 1000, folder };
}

/** Refuses to give a trained model other colours: its palette is what its prior predicts. */
export function checkAroundModel({ palette, variant }: PosteriorPlan): void {
  if (palette === 'folder') return;
  throw new UsageError(
    `posterior.palette: ${variant} around a model keeps the model's palette. Leave the key out; tokenizer.palette says what a new model has.`,
  );
}

async function aroundModel(context: PosteriorContext, plan: PosteriorPlan, where: string): Promise<StageResult> {
  checkAroundModel(plan);
  const model = await openModel(where, context.tokenizer);
  sameClasses(model.config.classes, context.train.classes, where);
  try {
    const scale = plan.scale ?? model.config.inference?.scale;
    return await trainInverse(context, { ...plan, scale }, { model });
  } finally {
    disposeTree(model.network as unknown as Tree<tf.Tensor>);
    disposeTree(model.tokenizer as Tree<tf.Tensor>);
  }
}

/**
 * Stage I's 𝒳 and 𝒳⁻¹ (§3.3) by one of the six variants, around a tokenizer that stays as it is. Leaves DIR/posterior/model: a tokenizer
 * folder with palette and inverse, or with `model` a complete model folder.
 */
export async function trainPosterior(context: PosteriorContext): Promise<StageResult> {
  const plan = posteriorPlan(context.config);
  const { variant } = plan;
  if (context.model !== undefined && variant !== 'ft' && variant !== 'ft-w')
    throw new UsageError(
      `--model: ${variant} needs no model. ft and ft-w learn from the tokens that a model predicts.`,
    );
  if (plan.joint) checkJoint(plan, context.model);
  if (variant === 'ff-r' || variant === 'ff') return free(context, plan);
  if (context.train.dataset.length === 0)
    throw new UsageError(`posterior: ${variant} trains on pictures. Give --data DIR.`);
  if (context.model !== undefined) return aroundModel(context, plan, context.model);
  for (const side of ['soft', 'marginal'] as const)
    if (plan.inverse[side])
      throw new UsageError(`posterior.inverse.${side}: it is what the prior says. Name a model with --model.`);
  const painted = await openPainted(tokenizerOf(context, plan), context.train, plan, context);
  try {
    return variant === 'ft' || variant === 'ft-w'
      ? await trainInverse(context, plan, { painted })
      : await trainPalette(context, plan, painted);
  } finally {
    disposeTree(painted.params as Tree<tf.Tensor>);
  }
}
