import { type PosteriorVariantName, posteriorVariants } from '@gss/posterior';
import { UsageError } from '../../cli/errors.js';
import type { PosteriorTrainConfig } from '../../config/posterior.js';
import type { GssConfig } from '../../config/schema.js';

/** A posterior config with the defaults of its variant. */
export type PosteriorPlan = Omit<PosteriorTrainConfig, 'inverse' | 'steps' | 'lr' | 'scale'> & {
  readonly variant: PosteriorVariantName;
  readonly palette: NonNullable<PosteriorTrainConfig['palette']>;
  readonly inverse: PosteriorTrainConfig['inverse'] & { readonly channels: number; readonly hidden: number };
  /** 0 for the variants without training. */
  readonly steps: number;
  readonly lr: number;
  readonly scale?: readonly [long: number, short: number] | undefined;
};

const palettes = {
  'ff-r': 'random',
  ff: 'maximal-distance',
  ft: 'folder',
  tf: 'folder',
  tt: 'folder',
  'ft-w': 'folder',
} as const;
const rates = { 'ff-r': 0, ff: 0, ft: 1.5e-3, tf: 0.1, tt: 0.1, 'ft-w': 7.5e-4 } as const;
const widths = { 'ff-r': 64, ff: 64, ft: 64, tf: 64, tt: 64, 'ft-w': 128 } as const;

/** What a run does: the config's words, else the variant's. */
export function posteriorPlan({ posterior: p, name }: Pick<GssConfig, 'posterior' | 'name'>): PosteriorPlan {
  if (!p)
    throw new UsageError(`${name}: the config has no section "posterior". Take configs/posterior.json for an example.`);
  const { variant } = p;
  if (!variant)
    throw new UsageError(
      `${name}: which variant? Give --variant ${Object.keys(posteriorVariants).join('|')}, or set posterior.variant.`,
    );
  if (p.classWeights !== undefined && variant !== 'ft' && variant !== 'ft-w')
    throw new UsageError(`posterior.classWeights are for ft and ft-w; this is ${variant}. Leave them out.`);
  const channels = p.inverse.channels ?? widths[variant];
  const iterations = posteriorVariants[variant].training?.iterations ?? 0;
  const plan = {
    ...p,
    variant,
    palette: p.palette ?? palettes[variant],
    inverse: { ...p.inverse, channels, hidden: p.inverse.hidden ?? 2 * channels },
    steps: iterations ? (p.steps ?? iterations) : 0,
    lr: p.lr ?? rates[variant],
  };
  if (variant === 'ft-w' && channels % plan.inverse.heads)
    throw new UsageError(`posterior.inverse: ${plan.inverse.heads} heads do not divide ${channels} channels.`);
  return plan;
}
