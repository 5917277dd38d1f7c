/** Multipliers for the parameters whose name contains `match`. Where several match, the longest wins. */
export interface ParamRule {
  readonly match: string;
  readonly lrMult?: number;
  readonly decayMult?: number;
}

/**
 * mmcv's `paramwise_cfg` of the reference configs: no weight decay on names containing `norm` and on position tables.
 * It goes by name alone, so BatchNorms called `bn…`, `swin_ln` and `post_swin_ln` are decayed, as in the reference.
 */
export const noDecayRules: readonly ParamRule[] = [
  { match: 'absolute_pos_embed', decayMult: 0 },
  { match: 'relative_position_bias_table', decayMult: 0 },
  { match: 'norm', decayMult: 0 },
];

/** The multipliers of a parameter. As in mmcv, longer keys are tried first, then alphabetical order. */
export function ruleFor(name: string, rules: readonly ParamRule[]): Required<ParamRule> {
  const ordered = [...rules].sort((a, b) => b.match.length - a.match.length || (a.match < b.match ? -1 : 1));
  const rule = ordered.find(({ match }) => name.includes(match));
  return { match: rule?.match ?? '', lrMult: rule?.lrMult ?? 1, decayMult: rule?.decayMult ?? 1 };
}
