import { tiedTableName } from '@gss/prior';
import {
  type BackboneConfig,
  backboneStage,
  backboneStages,
  backboneTrains,
  type GssModelConfig,
} from '@gss/segmenter';
import { leavesOf, type Spec } from '@gss/tensor';
import { noDecayRules, type ParamRule, ruleFor } from '@gss/train';
import type { PriorTrainConfig } from '../config/schema.js';

const prefix = 'backbone.';
const within = (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined);

/**
 * Which parameters of a network train: not those of frozen stages, nor the table of a tied classifier, nor the token classifier of the discriminative twin,
 * which nothing reads.
 */
export function priorTrains({
  backbone,
  kind,
  prior,
}: Pick<GssModelConfig, 'backbone' | 'kind' | 'prior'>): (name: string) => boolean {
  const trains = backboneTrains(backbone);
  const fixed = prior.classifier === 'tied' ? `decode_head.${tiedTableName}` : undefined;
  return (name) => {
    const inBackbone = within(name);
    if (inBackbone !== undefined) return trains(inBackbone);
    if (name === fixed) return false;
    return kind === 'generative' || !/^decode_head\.conv_(seg|before_seg)\./.test(name);
  };
}

/**
 * mmcv's paramwise rules: no weight decay by name, the config's own factors, and stage-wise decay of the learning rate,
 * stageDecay^(5 − stage) from the stem (stage 0) on. Rules of one parameter each, since only the longest match counts.
 */
export function priorRules(
  spec: Spec,
  backbone: BackboneConfig,
  { stageDecay, paramwise = [] }: Pick<PriorTrainConfig, 'stageDecay' | 'paramwise'>,
): readonly ParamRule[] {
  const own = paramwise.map(({ match, lrMult, decayMult }) => ({
    match,
    ...(lrMult === undefined ? {} : { lrMult }),
    ...(decayMult === undefined ? {} : { decayMult }),
  }));
  const rules: readonly ParamRule[] = [...noDecayRules, ...own];
  if (stageDecay === 1) return rules;
  const stage = backboneStage(backbone);
  const decayed = leavesOf(spec).flatMap(({ name, leaf }): ParamRule[] => {
    const inBackbone = within(name);
    if (inBackbone === undefined || leaf.leaf === 'buffer') return [];
    const { lrMult, decayMult } = ruleFor(name, rules);
    const factor = stageDecay ** (backboneStages + 1 - stage(inBackbone));
    return [{ match: name, lrMult: lrMult * factor, decayMult }];
  });
  return [...rules, ...decayed];
}
