import { backboneStages } from '@gss/segmenter';
import { z } from 'zod';

const share = z.number().min(0).max(1);
const patterns = z.array(z.string().min(1)).min(1);

/** What of the backbone training leaves alone. */
export const freeze = z.strictObject({
  /** The stem and this many stages, as mmsegmentation's frozen_stages; −1 none. */
  stages: z.int().min(-1).max(backboneStages).default(-1),
  /** BatchNorms keep their running statistics (norm_eval); needs pretrained weights to make sense. */
  norms: z.boolean().default(false),
});

const factors = z
  .tuple([z.number().positive(), z.number().positive()])
  .refine(([least, most]) => least <= most, 'the smaller first');

/**
 * mmsegmentation's PhotoMetricDistortion of the training crops, each step with probability ½: as it is there (true), not at all, or with other
 * sizes; what is left out has mmsegmentation's.
 */
export const photometric = z.union([
  z.boolean(),
  z.strictObject({
    /** Up to this is added to or taken from every channel, of 0..255; 32. */
    brightnessDelta: z.number().min(0).max(255).optional(),
    /** Factor on every channel; [0.5, 1.5]. */
    contrastRange: factors.optional(),
    /** Factor on the saturation; [0.5, 1.5]. */
    saturationRange: factors.optional(),
    /** Up to this is added to or taken from the hue, in steps of two degrees; 18. */
    hueDelta: z.int().min(1).max(90).optional(),
  }),
]);

/** Weights of the classes in a pixel loss: by median frequency (`root-median` its square roots), or K numbers. */
export const classWeights = z.union([z.enum(['none', 'median', 'root-median']), z.array(z.number().min(0)).min(1)]);

/** Options of stage II's recipe. All are left out by default: a config without them trains as it always did. */
export const recipe = {
  /** Moving average of the parameters, with the decay's ramp unless `warmup` is false; evaluation and the saved model are of the average. */
  ema: z.strictObject({ decay: z.number().min(0).lt(1), warmup: z.boolean().optional() }).optional(),
  /** Evaluation while training. */
  evaluate: z
    .strictObject({
      /** Steps between two evaluations; there is one at the end as well. */
      every: z.int().positive(),
      /** The split to evaluate on, default val. To choose by it is to tune on it: what is chosen so has no unseen figure there. */
      split: z.string().min(1).optional(),
      /** Images, spread evenly over the split; default all. */
      count: z.int().positive().optional(),
      /** Instead of a split, samples taken away from train: by name (whole sequences), or a share drawn by lot of the names. */
      holdout: z
        .union([z.strictObject({ names: patterns }), z.strictObject({ share: z.number().gt(0).lt(1) })])
        .optional(),
      /** Images that TensorBoard shows as image · truth · maskige · prediction. */
      pictures: z.int().min(0).default(4),
    })
    .refine(({ split, holdout }) => split === undefined || holdout === undefined, 'give split or holdout, not both')
    .optional(),
  /**
   * Share of crops that are drawn around a pixel of a class that is drawn first, by (share of the train pixels)^−gamma among those
   * that the picture shows. A number alone has gamma 0.5.
   */
  classBalance: z
    .union([share, z.strictObject({ probability: share, gamma: z.number().min(0).default(0.5) })])
    .optional(),
  /** Weights of the classes in the pixel losses: by median frequency (`root-median` its square roots), or K numbers. */
  classWeights: classWeights.optional(),
  /** The token loss' target: (1 − weight) on the token, the rest on codes near it, softmax(−‖eᵢ − eⱼ‖² / temperature). */
  tokenSmoothing: z.strictObject({ weight: share, temperature: z.number().positive() }).optional(),
  /** Batches a step, default 1: their gradients are averaged, a larger batch without its memory. BatchNorms see one batch at a time. */
  accumulate: z.int().positive().optional(),
  /** How the rate falls, default poly. */
  schedule: z.enum(['poly', 'cosine']).optional(),
  /** Share of the rate that the warm-up starts from, default 1e-6. */
  warmupRatio: z.number().gt(0).max(1).optional(),
  /** First phases of the run, in order, with other frozen parts or another rate; then `freeze` and `lr` of the config hold. */
  phases: z
    .array(
      z.strictObject({ steps: z.int().positive(), freeze: freeze.optional(), lr: z.number().positive().optional() }),
    )
    .min(1)
    .optional(),
  /** What the network starts from: another run's folder, a model folder or a file of prior/best. What does not fit starts fresh. */
  init: z.string().min(1).optional(),
  /** Ends the run once the loss has been above `factor` times its running median for `patience` logged steps (every 10th is logged). */
  divergence: z
    .strictObject({ factor: z.number().gt(1).default(5), patience: z.int().positive().default(5) })
    .optional(),
  /** Which weights become the model: the last (default), or those of the best evaluation by mIoU. */
  keep: z.enum(['last', 'best']).optional(),
};

/** Where the data comes from, and which samples of the training split are used. */
export const data = z.strictObject({
  /** A source such as {"kind": "mixed", "parts": [{"source": {…}, "repeat": 2}, …]}, with {split} for the split; options of the command go before it. */
  source: z.looseObject({ kind: z.string().min(1) }).optional(),
  /** Globs (`seq01_*`) or regular expressions (`/^seq0[12]/`) for the names of samples to take, and to leave out. */
  include: patterns.optional(),
  exclude: patterns.optional(),
  /** A sample that cannot be read ends the run (default), or is left out for the next one … */
  unreadable: z.enum(['stop', 'skip']).optional(),
  /** … up to this many different ones, default 10. */
  maxUnreadable: z.int().min(0).optional(),
});
