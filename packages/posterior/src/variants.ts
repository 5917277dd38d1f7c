/** Names of the paper's settings of 𝒳 and 𝒳⁻¹ (§3.3): GSS-FF-R, -FF, -FT, -TF, -TT and -FT-W. */
export type PosteriorVariantName = 'ff-r' | 'ff' | 'ft' | 'tf' | 'tt' | 'ft-w';

/** One of them, with what the paper (appendix D) says about its training. */
export interface PosteriorVariant {
  /** β: drawn at random, designed under the maximal-distance assumption, or trained. */
  readonly palette: 'random' | 'designed' | 'trained';
  /** 𝒳⁻¹: without training (least squares in the paper, the nearest colour in its code), conv 1×1 – 3×3 – 1×1, or Swin blocks. */
  readonly inverse: 'free' | 'conv' | 'swin';
  /** Training of the paper; the free ones have none. */
  readonly training?: {
    readonly optimizer: 'sgd' | 'adamw';
    readonly iterations: number;
    readonly batchSize: number;
  };
  /** mIoU of reconstruction on ADE20K's val split, Table 1. */
  readonly published: number;
}

export const posteriorVariants: { readonly [V in PosteriorVariantName]: PosteriorVariant } = {
  'ff-r': { palette: 'random', inverse: 'free', published: 62.83 },
  ff: { palette: 'designed', inverse: 'free', published: 84.31 },
  ft: {
    palette: 'designed',
    inverse: 'conv',
    training: { optimizer: 'adamw', iterations: 3000, batchSize: 16 },
    published: 86.1,
  },
  tf: {
    palette: 'trained',
    inverse: 'free',
    training: { optimizer: 'sgd', iterations: 4000, batchSize: 16 },
    published: 84.37,
  },
  tt: {
    palette: 'trained',
    inverse: 'conv',
    training: { optimizer: 'sgd', iterations: 4000, batchSize: 16 },
    published: 36.11,
  },
  'ft-w': {
    palette: 'designed',
    inverse: 'swin',
    training: { optimizer: 'adamw', iterations: 40000, batchSize: 16 },
    published: 87.73,
  },
};
