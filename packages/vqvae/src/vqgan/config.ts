/** VQModel of taming-transformers (VQGAN); names of its arguments in parentheses. */
export interface VqganConfig {
  /** Channels of the image: 3 for maskiges, K for one-hot masks (in_channels, out_ch). */
  readonly channels: number;
  /** Channels at full resolution (ch). */
  readonly width: number;
  /** Channels of each level relative to `width`; each level but the last halves the map (ch_mult). */
  readonly multipliers: readonly number[];
  /** Residual blocks per level; the decoder has one more (num_res_blocks). */
  readonly residualBlocks: number;
  /** Nominal side of the image; it only decides which levels have attention (resolution). */
  readonly resolution: number;
  /** Sides of the nominal maps that get attention (attn_resolutions). */
  readonly attentionResolutions: readonly number[];
  /** Channels between convolutions and quantiser (z_channels). */
  readonly latent: number;
  /** Codes (n_embed). */
  readonly codes: number;
  /** Dimension of a code (embed_dim). */
  readonly codeDim: number;
  /**
   * Groups of every GroupNorm. Default 32, as in the reference, whose narrowest maps have 128 channels.
   * With as many groups as channels every channel is normalised alone.
   */
  readonly groups?: number;
  /**
   * What the decoder gives: `pixels` in [−1, 1] as for images, or a `logit` per channel, as VQSegmentationModel does for
   * one-hot masks. Default pixels.
   */
  readonly output?: 'pixels' | 'logits';
}

const f16 = {
  channels: 3,
  width: 128,
  multipliers: [1, 1, 2, 2, 4],
  residualBlocks: 2,
  resolution: 256,
  attentionResolutions: [16],
  latent: 256,
  codes: 1024,
  codeDim: 256,
} as const;

export const vqganVariants = {
  /** vqgan_imagenet_f16_1024. */
  f16,
  /** The same with a token for 8 × 8 pixels. */
  f8: { ...f16, multipliers: [1, 1, 2, 4] },
  /** Trains on a CPU; a token for 4 × 4 pixels. */
  nano: {
    ...f16,
    width: 16,
    multipliers: [1, 2, 4],
    residualBlocks: 1,
    resolution: 128,
    latent: 16,
    codes: 512,
    codeDim: 16,
    groups: 4,
  },
} as const satisfies Record<string, VqganConfig>;

/** Pixels a token covers along each side. */
export const vqganDownsample = ({ multipliers }: VqganConfig): number => 2 ** (multipliers.length - 1);

/** Whether level `i` (0 is full resolution) has attention. */
export const hasAttention = ({ resolution, attentionResolutions }: VqganConfig, i: number): boolean =>
  attentionResolutions.includes(Math.floor(resolution / 2 ** i));
