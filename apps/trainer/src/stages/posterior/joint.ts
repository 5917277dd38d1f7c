import {
  applyInverse,
  type InverseConfig,
  type InverseParams,
  labelScale,
  type NetworkParams,
  network,
  normalize,
} from '@gss/segmenter';
import { leavesOf, type Spec, type Training } from '@gss/tensor';
import { type LossResult, noDecayRules, type ParamRule, ruleFor } from '@gss/train';
import type { Batch } from '@gss/train/node';
import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../../cli/errors.js';
import type { PosteriorTrainConfig } from '../../config/posterior.js';
import type { PriorTrainConfig } from '../../config/schema.js';
import { imageTensor, labelTensor } from '../batch.js';
import { openPriorLoss } from '../prior-loss.js';
import { priorRules, priorTrains } from '../prior-rules.js';
import { fromAnswer, type Reader } from './noisy.js';
import type { OpenedModel } from './open-model.js';
import type { PosteriorPlan } from './plan.js';

type Joint = NonNullable<PosteriorTrainConfig['joint']>;
type Params = { readonly inverse: InverseParams; readonly network: NetworkParams };

/** Refuses what no gradient could come back through, or what says the opposite. */
export function checkJoint({ variant, inverse, freeze }: PosteriorPlan, model: string | undefined): void {
  if (variant !== 'ft-w' || model === undefined)
    throw new UsageError(
      'posterior.joint: it tunes the network of a model with its ft-w. Name the model with --model.',
    );
  if (!inverse.soft && !inverse.marginal)
    throw new UsageError(
      'posterior.joint: the inverse sees nothing of the prior that a gradient goes through. Set posterior.inverse.marginal or .soft.',
    );
  if (freeze === 'reference')
    throw new UsageError('posterior.joint tunes what posterior.freeze=reference freezes. Leave one of them out.');
}

/** Stage II's rules for the network's parameters, their rates times `lrMult`, beside those of the inverse. */
export function jointRules(
  networkSpec: Spec,
  { config }: Pick<OpenedModel, 'config'>,
  prior: Pick<PriorTrainConfig, 'stageDecay' | 'paramwise'>,
  { lrMult }: Joint,
): readonly ParamRule[] {
  const rules = priorRules(networkSpec, config.backbone, prior);
  const own = leavesOf(networkSpec).flatMap(({ name, leaf }): ParamRule[] => {
    if (leaf.leaf === 'buffer') return [];
    const rule = ruleFor(name, rules);
    return [{ match: `network.${name}`, lrMult: rule.lrMult * lrMult, decayMult: rule.decayMult }];
  });
  return [...noDecayRules, ...own];
}

/** Which parameters of network and inverse train: the inverse, and of the network what stage II would train. */
export function jointTrains({ config }: Pick<OpenedModel, 'config'>): (name: string) => boolean {
  const trains = priorTrains(config);
  return (name) =>
    name.startsWith('inverse.') || (name.startsWith('network.') && trains(name.slice('network.'.length)));
}

export interface JointParts {
  readonly model: OpenedModel;
  /** The model with the inverse that is trained. */
  readonly reader: Reader;
  readonly inverse: InverseConfig;
  readonly plan: PosteriorPlan & { readonly joint: Joint };
  readonly prior: PriorTrainConfig;
  readonly classWeights: readonly number[] | undefined;
  /** Cross entropy of the inverse's scores and the labels. */
  readonly inverseLoss: (scores: tf.Tensor4D, labels: tf.Tensor3D) => tf.Scalar;
}

/**
 * Joint fine-tuning of network and inverse, ours: 𝒳⁻¹'s cross entropy with the gradient of what it sees of the prior, and stage II's loss,
 * which holds the tokens where they mean what the tokenizer decodes.
 */
export function openJoint({ model, reader, inverse: own, plan, prior, classWeights, inverseLoss }: JointParts) {
  const { config, tokenizer: params } = model;
  const { tokenizer, codec } = reader;
  const coder = { config, params, tokenizer, codec, scale: labelScale(tokenizer, config.prior) };
  const stage2 = openPriorLoss({ model: config, config: prior, coder, cached: undefined, classWeights });
  const noisy = fromAnswer(reader, plan.tokenNoise);
  const { priorWeight } = plan.joint;
  return {
    loss({ inverse, network: weights }: Params, batch: Batch, training: Training): LossResult {
      const image = imageTensor(batch);
      const output = network(normalize(image, config), weights, config, training);
      const { maskige, sides } = noisy(image, output.tokenLogits, training);
      const learned = inverseLoss(applyInverse(maskige, inverse, own, sides, training), labelTensor(batch));
      const held = stage2.ofOutput(output, batch);
      const loss = tf.add(learned, tf.mul(held.loss, priorWeight)) as tf.Scalar;
      return { loss, logs: { inverse: learned, ...held.logs } };
    },
    dispose: () => stage2.dispose(),
  };
}
