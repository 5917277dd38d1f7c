import { existsSync, statSync } from 'node:fs';
import { readSafetensors } from '@gss/checkpoint/node';
import type { ClassInfo } from '@gss/datasets';
import { maximalDistancePalette } from '@gss/maskige';
import type { InverseParams, MaskigeConfig, TokenizerConfig, TokenizerParams } from '@gss/segmenter';
import { loadTokenizerFolder } from '@gss/segmenter/node';
import { loadParams, type StoredTensor } from '@gss/tensor';
import { type DvaeConfig, dvaeSpec } from '@gss/vqvae';
import { UsageError } from '../../cli/errors.js';

/** A tokenizer with its weights, ready for the oracle. */
export interface OpenedTokenizer {
  readonly config: MaskigeConfig & { readonly tokenizer: TokenizerConfig };
  readonly params: TokenizerParams;
  /** A learned 𝒳⁻¹ that lies in the folder. */
  readonly inverse?: InverseParams | undefined;
  /** What the user named, for messages. */
  readonly where: string;
}

/** The config of a dVAE, read off its weights: openai/DALL-E's names. Throws UsageError where they are others. */
export function dvaeConfigOf(weights: ReadonlyMap<string, StoredTensor>, where: string): DvaeConfig {
  const shape = (name: string): readonly number[] => {
    const found = weights.get(name)?.shape;
    if (found) return found;
    throw new UsageError(
      `${where}: no dVAE: it lacks ${name}. --model takes a folder that gss train wrote, or the dVAE's safetensors that gss convert encoder.pkl decoder.pkl FILE wrote.`,
    );
  };
  const [hidden, channels] = shape('encoder.blocks.input.w') as [number, number];
  const [init, vocabulary] = shape('decoder.blocks.input.w') as [number, number];
  const blocksPerGroup = new Set(
    [...weights.keys()].flatMap((name) => /^encoder\.blocks\.group_1\.(block_\d+)\./.exec(name)?.[1] ?? []),
  ).size;
  return { channels, hidden, init, blocksPerGroup, vocabulary };
}

/**
 * Opens a tokenizer or model folder, or a bare safetensors file with the dVAE's weights. Such a file knows no classes:
 * those of the data are painted with `palette`, by default colours as far apart as can be (GSS-FF). So are those of a
 * tokenizer that was trained on colours drawn at random.
 */
export async function openAnyTokenizer(
  where: string,
  classes: readonly ClassInfo[],
  palette = maximalDistancePalette(classes.length),
): Promise<OpenedTokenizer> {
  if (!existsSync(where) || statSync(where).isDirectory()) {
    const { config, params, inverse } = await loadTokenizerFolder(where);
    return { config: config.training?.recolour ? { ...config, classes, palette } : config, params, inverse, where };
  }
  const weights = await readSafetensors(where);
  const config = dvaeConfigOf(weights, where);
  if (config.channels !== 3) {
    throw new UsageError(`${where}: a dVAE of ${config.channels} channels; maskiges have 3. Name its folder instead.`);
  }
  const params = loadParams(where, dvaeSpec(config), weights);
  return { config: { classes, palette, unlabelled: [0, 0, 0], tokenizer: { type: 'dvae', config } }, params, where };
}
