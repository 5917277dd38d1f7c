import { z } from 'zod';

const share = z.number().min(0).max(1);
const patterns = z.array(z.string().min(1)).min(1);

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
  /** Weights of the classes in the pixel loss, the twin's or the auxiliary one: by median frequency, or K numbers. */
  classWeights: z.union([z.enum(['none', 'median']), z.array(z.number().min(0)).min(1)]).optional(),
  /** The token loss' target: (1 − weight) on the token, the rest on codes near it, softmax(−‖eᵢ − eⱼ‖² / temperature). */
  tokenSmoothing: z.strictObject({ weight: share, temperature: z.number().positive() }).optional(),
  /** Which weights become the model: the last (default), or those of the best evaluation by mIoU. */
  keep: z.enum(['last', 'best']).optional(),
};

/** Which samples of the training split are used. */
export const data = z.strictObject({
  /** Globs (`seq01_*`) or regular expressions (`/^seq0[12]/`) for the names of samples to take, and to leave out. */
  include: patterns.optional(),
  exclude: patterns.optional(),
});
