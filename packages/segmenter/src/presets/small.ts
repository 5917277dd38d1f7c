import { efficientnetMean, efficientnetStd } from '@gss/efficientnet';
import { priorVariants } from '@gss/prior';
import { type CompactConfig, compactVariants } from '@gss/vqvae';
import { backboneVariants } from '../backbone-variants.js';
import { imageNetMean, imageNetStd } from '../config.js';
import type { PresetRecipe, PriorSchedule } from './preset.js';

const compact = (config: CompactConfig) => () => ({
  tokenizer: { type: 'compact', config } as const,
  codes: config.codes,
});

const imageNet = { mean: imageNetMean, std: imageNetStd };
/** What the Lite checkpoints were trained with. */
const lite = { mean: efficientnetMean, std: efficientnetStd };

/** For photos of about 480 × 360, from scratch: rates and weights as tried on CamVid. */
const schedule: PriorSchedule = {
  steps: 1200,
  batchSize: 4,
  lr: 4e-3,
  warmup: 100,
  weightDecay: 0.01,
  lossWeights: [0.8, 0.2],
  crop: [256, 320],
  scale: [480, 360],
  ratioRange: [0.75, 1.25],
  catMaxRatio: 0.75,
};

const recipes = {
  nano: {
    title: 'our smallest: trains on a CPU in minutes, runs in any browser',
    parts: {
      backbone: backboneVariants['swin-nano'],
      ...imageNet,
      inference: { mode: 'whole' },
      head: priorVariants.nano,
      tokenizer: compact(compactVariants.nano),
    },
    prior: schedule,
  },
  'nano-lite0': {
    title: 'EfficientNet-Lite0 with ImageNet weights and the nano head, for photos of about 480 × 360',
    parts: {
      backbone: backboneVariants['efficientnet-lite0'],
      ...lite,
      inference: { mode: 'whole' },
      head: priorVariants.nano,
      tokenizer: compact(compactVariants.nano),
    },
    prior: { ...schedule, lr: 2e-3, pretrained: 'ImageNet-1K (gss weights fetch efficientnet-lite0)' },
  },
  tiny: {
    title: 'for a CPU with native code and a few hours, or a small GPU',
    parts: {
      backbone: backboneVariants['swin-tiny'],
      ...imageNet,
      inference: { mode: 'whole' },
      head: priorVariants.tiny,
      tokenizer: compact(compactVariants.small),
    },
    prior: { ...schedule, steps: 8000, batchSize: 8, lr: 1e-3 },
  },
  'tiny-lite2': {
    title: 'EfficientNet-Lite2 with ImageNet weights and the tiny head',
    parts: {
      backbone: backboneVariants['efficientnet-lite2'],
      ...lite,
      inference: { mode: 'whole' },
      head: priorVariants.tiny,
      tokenizer: compact(compactVariants.small),
    },
    prior: {
      ...schedule,
      steps: 8000,
      batchSize: 8,
      lr: 1e-3,
      pretrained: 'ImageNet-1K (gss weights fetch efficientnet-lite2)',
    },
  },
  small: {
    title: 'Swin-T and a head of half the paper’s width, for one GPU',
    parts: {
      backbone: backboneVariants['swin-t'],
      ...imageNet,
      inference: { mode: 'whole' },
      head: priorVariants.small,
      tokenizer: compact(compactVariants.small),
    },
    prior: {
      ...schedule,
      steps: 80_000,
      batchSize: 16,
      lr: 3e-4,
      warmup: 1500,
      crop: [512, 512],
      pretrained: 'ImageNet-1K (swin_tiny_patch4_window7_224, gss convert)',
    },
  },
} as const satisfies Record<string, PresetRecipe>;

/** Sizes of ours. */
export const smallRecipes: ReadonlyMap<string, () => PresetRecipe> = /* @__PURE__ */ new Map(
  Object.entries(recipes).map(([name, recipe]) => [name, () => recipe]),
);
