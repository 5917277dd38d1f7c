import { priorVariants } from '@gss/prior';
import { backboneVariants } from '@gss/segmenter';
import { swinVariants } from '@gss/swin';
import { z } from 'zod';
import { posterior } from './posterior.js';
import { data, freeze, photometric, recipe } from './recipe.js';

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

/** What every tokenizer trains with. */
const tokenizerStage = {
  ...stage,
  /** Colours as they lie apart best, or K colours. */
  palette: z.union([z.literal('maximal-distance'), z.array(rgb)]).default('maximal-distance'),
  /** Codes in the codebook; default the variant's. Fewer make the classifier of stage II cheaper and the ceiling lower. */
  codes: z.int().min(2).optional(),
  /** Where the masks come from: the data's labels, or random shapes of its classes, which need no data set. */
  masks: z.enum(['data', 'procedural']).default('data'),
  /** Paint every mask in training with colours drawn for it alone: a tokenizer for any palette and any classes. */
  recolour: z.boolean().default(false),
  /** Steps between two looks at the codebook: usage, perplexity, dead codes, and whether it has collapsed. */
  watchEvery: z.int().positive().default(50),
};
/** The image that the tokenizer reads: the maskige, or one channel a class. */
const input = z.enum(['maskige', 'one-hot']);

const compact = z.strictObject({
  family: z.literal('compact'),
  variant: z.enum(['nano', 'squares', 'small', 'small8']),
  /** Parts of a code with a codebook each (product codes): codes^groups tokens. */
  groups: z.int().min(1).max(4).default(1),
  /** `patches`: the squares that the masks show, the dearest first. `k-means`: k-means++ on encoder outputs. */
  codebook: z.enum(['patches', 'k-means']).default('patches'),
  /** Label maps whose squares are counted for `patches`. */
  codebookMasks: z.int().positive().default(600),
  /** Batches that `k-means` starts from. */
  seedBatches: z.int().positive().default(8),
  /** Weight of the class-aware term beside squared error, and its τ. */
  classWeight: z.number().min(0).default(0.1),
  classTemperature: z.number().positive().default(0.1),
  /** `k-means`: codes unused in a look at four batches, every so many steps, are restarted; none in the last quarter. */
  restartEvery: z.int().positive().default(50),
  ...tokenizerStage,
  /** 0 leaves the model as its codebook makes it. */
  steps: z.int().min(0),
});

const dvae = z.strictObject({
  family: z.literal('dvae'),
  variant: z.enum(['nano', 'paper']),
  input: input.default('maskige'),
  ...tokenizerStage,
  weightDecay: z.number().min(0).default(1e-4),
  /** τ of the Gumbel-softmax falls from 1 to it … */
  temperature: z
    .number()
    .positive()
    .default(1 / 16),
  /** … over this share of the run (the paper's: 0.05). */
  temperatureShare: z.number().positive().max(1).default(0.05),
  /** β of the KL term rises from 0 to it … */
  klWeight: z.number().min(0).default(6.6),
  /** … over this share of the run (the paper's: 1/600). */
  klShare: z
    .number()
    .positive()
    .max(1)
    .default(1 / 600),
  /**
   * The start of the decoder's code table: `reference` has σ = 1/√codes as for any convolution; `unit` has σ = 1, since of a
   * one-hot code one input is set: a small run has not the steps to grow it.
   */
  codeTable: z.enum(['reference', 'unit']).default('reference'),
});

const vqgan = z.strictObject({
  family: z.literal('vqgan'),
  variant: z.enum(['nano', 'f8', 'f16']),
  input: input.default('maskige'),
  ...tokenizerStage,
  weightDecay: z.number().min(0).default(0),
  /** Adam's, of both optimisers. */
  betas: z.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)]).default([0.5, 0.9]),
  /** β of the quantiser's loss, on the side that taming-transformers' `legacy` puts it unless that is false. */
  beta: z.number().min(0).default(0.25),
  legacy: z.boolean().default(true),
  /** Batches whose latents the codebook is seeded with (k-means++); 0 is the reference's random start. */
  seedBatches: z.int().min(0).default(0),
  /** Codes unused in a look at four batches, every so many steps, are restarted; none in the last quarter. Default never. */
  restartEvery: z.int().positive().optional(),
  discriminator: z
    .strictObject({
      /** Channels of its first layer, and layers of stride 2. */
      width: z.int().positive().default(64),
      layers: z.int().min(1).default(3),
      /** Step at which it starts to train and to count. */
      start: z.int().min(0),
      /** Weight of its term, times the adaptive one. 0 leaves the adversary out. */
      weight: z.number().min(0).default(0.8),
    })
    .optional(),
  /** Files of torchvision's VGG-16 and of LPIPS' linear weights (safetensors), and the weight of LPIPS. */
  perceptual: z
    .strictObject({ vgg: z.string().min(1), lins: z.string().min(1), weight: z.number().positive().default(1) })
    .optional(),
});

const uvim = z.strictObject({
  family: z.literal('uvim'),
  variant: z.enum(['nano', 'base']),
  input: input.default('one-hot'),
  ...tokenizerStage,
  weightDecay: z.number().min(0).default(4e-5),
  /** Which codes are hidden from the decoder in training: a random share, anywhere or from the end. */
  codeDropout: z.enum(['none', 'random', 'ordered']).default('random'),
  /** β of the commitment term; the published model trains with 0. */
  commitment: z.number().min(0).default(0),
  /** Share of the codebook's sums that a step keeps. */
  momentum: z.number().min(0).lt(1).default(0.995),
});

/** The families of tokenizers by name. A config without `family` means the compact one. */
export const tokenizerSchemas = { compact, dvae, vqgan, uvim };
const tokenizer = z.discriminatedUnion('family', [compact, dvae, vqgan, uvim]);

/** Names of a table, for an enumeration. */
const namesOf = <T extends object>(table: T) => Object.keys(table) as [keyof T & string, ...(keyof T & string)[]];

const prior = z.strictObject({
  /** Variant of the backbone; Swin's also by their bare names. */
  backbone: z.enum([...namesOf(backboneVariants), ...namesOf(swinVariants)]),
  /** Variant of the head. */
  head: z.enum(namesOf(priorVariants)).default('nano'),
  /** Side of the convolution that fuses the levels, 1 (default, the reference's) or 3: then a cell also reads its neighbours. */
  fusionSize: z.union([z.literal(1), z.literal(3)]).optional(),
  /**
   * The token classifier: the reference's, two matrices of a low rank in its place, a part of the price, or one tied to the classes that
   * the codes show (tokenizer.variant=squares). Generative only.
   */
  classifier: z.enum(['full', 'low-rank', 'tied']).default('full'),
  /** Rank of a low-rank classifier; default a quarter of the channels that it reads. */
  classifierRank: z.int().min(1).optional(),
  /** `discriminative`: the twin, a pixel classifier behind the same backbone and aggregation, for comparison. */
  kind: z.enum(['generative', 'discriminative']).default('generative'),
  /** What the backbone starts from: a file of weights (as `gss convert` takes them), or a name of `gss weights list`. */
  pretrained: z.string().min(1).optional(),
  /** What of the backbone training leaves alone. */
  freeze: freeze.optional(),
  /** Stage-wise learning-rate decay: stage 4 of the backbone learns at this factor of the rate, each one before it at a further one. */
  stageDecay: z.number().positive().max(1).default(1),
  /** mmcv's paramwise_cfg: factors for parameters whose name contains `match`; the longest match counts. */
  paramwise: z
    .array(
      z.strictObject({
        match: z.string().min(1),
        lrMult: z.number().min(0).optional(),
        decayMult: z.number().min(0).optional(),
      }),
    )
    .optional(),
  /**
   * Long and short side that pictures are brought to fit into before the random scale, and by the model that is trained (the paper's 2048 and
   * 512 or 1024); default their own size.
   */
  scale: size.optional(),
  /**
   * How the model will segment images: as a whole, or by windows of `crop` every `stride` pixels (height, width); brought to fit into `scale`
   * (long and short side) first, default the `scale` above.
   */
  inference: z
    .discriminatedUnion('mode', [
      z.strictObject({ mode: z.literal('whole'), scale: size.optional() }),
      z.strictObject({ mode: z.literal('slide'), scale: size.optional(), crop: size, stride: size }),
    ])
    .default({ mode: 'whole' }),
  /** How tokens become classes: of the most probable tokens (the paper), or summed over all codes (tokenizer.variant=squares). */
  decoding: z.enum(['argmax', 'expected', 'marginal']).default('argmax'),
  photometric: photometric.default(true),
  /** Largest share of one class in a crop. */
  catMaxRatio: z.number().min(0).max(1).default(0.75),
  /** Crops on a grid of this many pixels instead of anywhere: with a fixed scale, `--token-cache` then keeps their tokens. */
  cropStride: z.int().positive().optional(),
  /** What unlabelled pixels become before they are tokens: the auxiliary head's guess (default, §3.4), or the nearest label. */
  fillUnlabelled: z.enum(['head', 'nearest']).optional(),
  /** Weights of the two losses, token and auxiliary pixel (the paper's 0.8 and 0.2). */
  lossWeights: z.tuple([z.number().min(0), z.number().min(0)]).default([0.8, 0.2]),
  /** Weight of a third loss, −ln p(c|x) of every pixel, p summed over all codes (tokenizer.variant=squares). Default 0, none. */
  marginalWeight: z.number().min(0).optional(),
  ...stage,
  ...recipe,
});

/** One experiment: everything that its result depends on besides the data. */
export const gssConfig = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().min(1),
  description: z.string().optional(),
  seed: z.int().min(0).default(0),
  data: data.optional(),
  tokenizer,
  prior,
  /** Stage I's 𝒳 and 𝒳⁻¹, for `gss train posterior`. */
  posterior: posterior.optional(),
});
export type GssConfig = z.infer<typeof gssConfig>;
export type TokenizerTrainConfig = GssConfig['tokenizer'];
export type CompactTrainConfig = z.infer<typeof compact>;
export type DvaeTrainConfig = z.infer<typeof dvae>;
export type VqganTrainConfig = z.infer<typeof vqgan>;
export type UvimTrainConfig = z.infer<typeof uvim>;
export type PriorTrainConfig = GssConfig['prior'];
