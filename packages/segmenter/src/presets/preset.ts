import type { GssModelConfig } from '../config.js';
import type { PresetDataset } from './data-sets.js';

/** A class of a model: name and drawing colour. */
export type PresetClass = GssModelConfig['classes'][number];

/** How stage II trains a preset: AdamW (β 0.9, 0.999), poly schedule of power 1 down to 0 behind a linear warm-up. */
export interface PriorSchedule {
  readonly steps: number;
  /** Images of one step, over all devices. */
  readonly batchSize: number;
  readonly lr: number;
  /** Steps of the warm-up. */
  readonly warmup: number;
  /** None on norms and position tables (`noDecayRules` of @gss/train). */
  readonly weightDecay: number;
  /** Weights of the token and the pixel term. */
  readonly lossWeights: readonly [number, number];
  /** Height and width of the random crop. */
  readonly crop: readonly [number, number];
  /** Images are brought to fit into this width and height (long side, short side) times a random factor of `ratioRange`. */
  readonly scale: readonly [number, number];
  readonly ratioRange: readonly [number, number];
  /** Largest share of one class in a crop. */
  readonly catMaxRatio: number;
  /** What the backbone starts from, in words; absent: random numbers. */
  readonly pretrained?: string;
}

/** How the learned inverse of a GSS-FT-W preset trains, with everything else frozen. */
export interface InverseSchedule {
  /** The preset that the backbone and the prior are taken from, trained. */
  readonly from: string;
  readonly steps: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly warmup: number;
  readonly weightDecay: number;
}

/** A row of the paper. */
export interface PaperRow {
  readonly table: 3 | 4 | 5 | 6;
  /** As the table names it. */
  readonly row: string;
  /** What the paper reports, in percent: `mIoU`, on MSeg the harmonic mean of the six test sets' mIoU. */
  readonly published: { readonly metric: 'mIoU' | 'harmonic mean of mIoU'; readonly value: number };
}

/** A model and its training, as data. */
export interface Preset {
  readonly name: string;
  /** One line for people. */
  readonly title: string;
  /** The row of the paper that it is; absent for sizes of ours. */
  readonly paper?: PaperRow;
  /** The paper's data set, by its name in @gss/datasets; absent where any will do. */
  readonly dataset?: PresetDataset;
  readonly model: GssModelConfig;
  readonly prior: PriorSchedule;
  readonly inverse?: InverseSchedule;
  /** Where the code that made the table differs from the paper's text, and what the paper leaves open. */
  readonly remarks: readonly string[];
}

/** What a preset is before classes and palette are put in. */
export interface PresetRecipe extends Pick<Preset, 'title' | 'paper' | 'dataset' | 'prior' | 'inverse'> {
  readonly remarks?: readonly string[];
  readonly parts: Pick<GssModelConfig, 'backbone' | 'mean' | 'std' | 'inference'> & {
    /** The head without what backbone, tokenizer and classes decide. */
    readonly head: Omit<GssModelConfig['prior'], 'features' | 'classes' | 'vocabulary'>;
    readonly tokenizer: (classes: number) => {
      readonly tokenizer: GssModelConfig['tokenizer'];
      readonly codes: number;
    };
    /** Blocks of GSS-FT-W's inverse; absent: nearest colour. */
    readonly ftwDepth?: number;
  };
}
