import { z } from 'zod';

const size = z.tuple([z.int().positive(), z.int().positive()]);
const rgb = z.tuple([z.int().min(0).max(255), z.int().min(0).max(255), z.int().min(0).max(255)]);

/** What both stages train with. */
const stage = {
  /** Iterations. */
  steps: z.int().positive(),
  batchSize: z.int().positive(),
  /** Height and width of the random crop, in multiples of 32. */
  crop: size,
  /** The image is scaled by a random factor of this range before the crop. */
  ratioRange: z.tuple([z.number().positive(), z.number().positive()]).default([0.75, 1.5]),
  /** Learning rate at the start; it falls to 0 by the poly schedule, power `power`. */
  lr: z.number().positive(),
  power: z.number().positive().default(1),
  warmup: z.int().min(0).default(50),
  weightDecay: z.number().min(0).default(0.01),
  clipNorm: z.number().positive().optional(),
  checkpointEvery: z.int().positive().default(250),
};

const tokenizer = z.strictObject({
  /** Variant of the compact tokenizer. */
  variant: z.enum(['nano', 'small', 'small8']),
  /** Codes in the codebook; default the variant's. Fewer make the classifier of stage II cheaper and the ceiling lower. */
  codes: z.int().min(2).optional(),
  /** Colours as they lie apart best, or K colours. */
  palette: z.union([z.literal('maximal-distance'), z.array(rgb)]).default('maximal-distance'),
  /** Weight of the class-aware term beside squared error. */
  classWeight: z.number().min(0).default(0.1),
  /** Codes unused for this many steps are restarted; none in the last quarter of the run. */
  restartEvery: z.int().positive().default(50),
  ...stage,
});

const prior = z.strictObject({
  /** Variant of the Swin backbone. */
  backbone: z.enum(['nano', 'tiny', 'T', 'S', 'B', 'L']),
  /** Variant of the head. */
  head: z.enum(['nano', 'tiny', 'swin']).default('nano'),
  photometric: z.boolean().default(true),
  /** Largest share of one class in a crop. */
  catMaxRatio: z.number().min(0).max(1).default(0.75),
  /** Crops on a grid of this many pixels instead of anywhere: with a fixed scale, `--token-cache` then keeps their tokens. */
  cropStride: z.int().positive().optional(),
  /** What unlabelled pixels are painted as before they become tokens: the auxiliary head's guess (default, §3.4), or their own colour. */
  fillUnlabelled: z.enum(['head', 'colour']).optional(),
  /** Weights of the two losses, token and auxiliary pixel (the paper's 0.8 and 0.2). */
  lossWeights: z.tuple([z.number().min(0), z.number().min(0)]).default([0.8, 0.2]),
  ...stage,
});

/** One experiment: everything that its result depends on besides the data. */
export const gssConfig = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().min(1),
  description: z.string().optional(),
  seed: z.int().min(0).default(0),
  tokenizer,
  prior,
});
export type GssConfig = z.infer<typeof gssConfig>;
export type TokenizerConfig = GssConfig['tokenizer'];
export type PriorTrainConfig = GssConfig['prior'];
