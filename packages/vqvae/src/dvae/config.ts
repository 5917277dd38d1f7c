/** The discrete VAE of DALL·E (openai/DALL-E); names of its arguments in parentheses. */
export interface DvaeConfig {
  /** Channels of the image (input_channels, output_channels). */
  readonly channels: number;
  /** Channels of the widest-resolution maps (n_hid); the groups have 1, 2, 4 and 8 times as many. */
  readonly hidden: number;
  /** Channels into which the decoder maps a code (n_init). */
  readonly init: number;
  /** Blocks per group (n_blk_per_group). */
  readonly blocksPerGroup: number;
  /** Codes (vocab_size). */
  readonly vocabulary: number;
}

export const dvaeVariants = {
  /** The published model. */
  paper: { channels: 3, hidden: 256, init: 128, blocksPerGroup: 2, vocabulary: 8192 },
  /** A thirtieth of its width, to train on a CPU. */
  nano: { channels: 3, hidden: 16, init: 32, blocksPerGroup: 1, vocabulary: 512 },
} as const satisfies Record<string, DvaeConfig>;

/** Channels of the four encoder groups, relative to `hidden`; the decoder's are the reverse. */
export const groupWidths = [1, 2, 4, 8] as const;

/** Three 2 × 2 pools: a token covers 8 × 8 pixels. */
export const dvaeDownsample = 8;

/** Blocks of the encoder, and of the decoder (n_layers). */
export const layersOf = ({ blocksPerGroup }: DvaeConfig): number => groupWidths.length * blocksPerGroup;

/** { block_1, block_2, … }: the first takes `inputs` channels, the others `outputs`. */
export function groupSpec<S>(
  block: (config: { inputs: number; outputs: number }) => S,
  inputs: number,
  outputs: number,
  count: number,
): Record<string, S> {
  const entries = Array.from({ length: count }, (_, i) => {
    return [`block_${i + 1}`, block({ inputs: i === 0 ? inputs : outputs, outputs })] as const;
  });
  return Object.fromEntries(entries);
}
