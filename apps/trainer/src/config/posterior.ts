import { type PosteriorVariantName, posteriorVariants } from '@gss/posterior';
import { z } from 'zod';
import { classWeights, photometric } from './recipe.js';

const size = z.tuple([z.int().positive(), z.int().positive()]);
const rgb = z.tuple([z.int().min(0).max(255), z.int().min(0).max(255), z.int().min(0).max(255)]);
const names = Object.keys(posteriorVariants) as [PosteriorVariantName, ...PosteriorVariantName[]];

const designs = ['maximal-distance', 'random', 'arithmetic', 'misaligned', 'additive', 'refined'] as const;
/** Ways to choose K colours without training. */
export type PaletteDesign = (typeof designs)[number];

/** How 𝒳 and 𝒳⁻¹ are found around a tokenizer that stays as it is (§3.3): the six variants. What is left out takes the variant's default. */
export const posterior = z.strictObject({
  /** GSS-FF-R, -FF, -FT, -TF, -TT or -FT-W; `--variant` says it too. */
  variant: z.enum(names).optional(),
  /**
   * β of the variants that do not train it: colours as they lie apart best, drawn at random, a row of Table 9, those of the folder, or
   * K colours.
   * Default: random for ff-r, maximal-distance for ff, the folder's for ft and ft-w.
   */
  palette: z.union([z.enum([...designs, 'folder']), z.array(rgb)]).optional(),
  /** 𝒳⁻¹ of ff-r, ff and tf: nearest colour (the paper's code) or least squares (its equation 15). They do not agree. */
  free: z.enum(['nearest', 'linear']).default('nearest'),
  /** The learned 𝒳⁻¹ of ft and tt (`channels` alone) and of ft-w. */
  inverse: z
    .strictObject({
      /** Width; default 64 for ft and tt (the paper gives none), 128 for ft-w (the paper's). */
      channels: z.int().positive().optional(),
      /** Swin blocks; the reference has 1 or 2. */
      depth: z.int().min(1).default(1),
      heads: z.int().positive().default(4),
      window: z.int().min(2).default(7),
      /** Width of a block's feed-forward layer; default twice the channels. */
      hidden: z.int().positive().optional(),
      /** Ours: the inverse sees the photo beside the maskige. */
      photo: z.boolean().default(false),
      /** Ours: it also sees the soft maskige, the decoding of the prior's expected code. Needs a model. */
      soft: z.boolean().default(false),
      /** Ours: it also sees p(c|x), the sum over all codes, and learns where to depart from it. Needs a model with a tokenizer of squares. */
      marginal: z.boolean().default(false),
    })
    .prefault({}),
  /** ft, ft-w: share of the tokens that are replaced by others of the batch before they are decoded. Without a model the only noise. */
  tokenNoise: z.number().min(0).max(1).default(0),
  /**
   * ft, ft-w with a model: `real` freezes it; `reference` leaves its BatchNorms, dropouts and drop paths in training mode, so that running
   * means go on moving, as the reference's code does.
   */
  freeze: z.enum(['real', 'reference']).default('real'),
  /**
   * Ours, ft-w with a model whose inverse sees `soft` or `marginal`: the network is tuned together with its inverse. The inverse's cross
   * entropy goes back through what it sees of the prior, beside stage II's own loss (section "prior" of the config).
   */
  joint: z
    .strictObject({
      /** Factor of the network's learning rate. */
      lrMult: z.number().min(0).default(1),
      /** Weight of stage II's loss. */
      priorWeight: z.number().min(0).default(1),
    })
    .optional(),
  /** tf, tt: what β starts from. */
  start: z.enum(['random', 'maximal-distance']).default('random'),
  /**
   * tf: cross entropy of the least-squares scores (Eq. (6), (21)), or the bound of appendix A (after Eq. (15)), whose gradient only draws
   * colours to where the tokenizer returns them well, so that they meet.
   */
  objective: z.enum(['cross-entropy', 'bound']).default('cross-entropy'),
  /** tf, tt: the hard Gumbel-softmax over the tokenizer's codes. */
  gumbel: z
    .strictObject({
      temperature: z.number().positive().default(1),
      /** Whether codes are drawn (default for the dVAE, whose encoder says probabilities) or the best is taken. */
      noise: z.boolean().optional(),
      /** Tokenizers that take the nearest code have no probabilities: their log-odds are −distance² / codeTemperature. */
      codeTemperature: z.number().positive().default(0.1),
    })
    .prefault({}),
  /** Masks are enlarged by it before they are coded, without a model: 2 for d = 1/4 of an 8-fold tokenizer. */
  enlarge: z.int().min(1).max(4).default(1),
  /** Iterations; default the paper's: 3000 for ft, 4000 for tf and tt, 40000 for ft-w. */
  steps: z.int().positive().optional(),
  /** Default the paper's 16. */
  batchSize: z.int().positive().default(16),
  crop: size,
  /**
   * Long and short side that pictures are brought to fit into before the random scale; default what the model segments at
   * (`inference.scale`), without one their own size.
   */
  scale: size.optional(),
  ratioRange: z.tuple([z.number().positive(), z.number().positive()]).default([0.75, 1.5]),
  photometric: photometric.default(true),
  catMaxRatio: z.number().min(0).max(1).default(0.75),
  /** Default 1.5e-3 for ft, 7.5e-4 for ft-w (the paper's on Cityscapes), 0.1 for tf and tt. */
  lr: z.number().positive().optional(),
  power: z.number().positive().default(1),
  warmup: z.int().min(0).default(50),
  /** AdamW's; SGD has none. */
  weightDecay: z.number().min(0).default(0.01),
  /** SGD's, for tf and tt. */
  momentum: z.number().min(0).lt(1).default(0.9),
  clipNorm: z.number().positive().optional(),
  /** ft, ft-w: weights of the classes in the cross entropy. */
  classWeights: classWeights.optional(),
  /** Moving average of the inverse's parameters; the saved one is the average. */
  ema: z.strictObject({ decay: z.number().min(0).lt(1), warmup: z.boolean().optional() }).optional(),
  checkpointEvery: z.int().positive().default(250),
});
export type PosteriorTrainConfig = z.infer<typeof posterior>;
