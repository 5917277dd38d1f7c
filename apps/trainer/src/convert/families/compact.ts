import { type CompactConfig, compactSpec } from '@gss/vqvae';
import { type Family, ours } from '../family.js';
import { shapesOf } from '../shapes.js';
import type { Weights } from '../weights.js';

function configOf(weights: Weights): CompactConfig {
  const { side, count, has } = shapesOf(weights);
  const patch = side('encoder.down.weight', 1); // d² · channels
  const downsample = [8, 4, 2].find((d) => patch === 3 * d * d) ?? 4;
  const codeDim = side('encoder.head.weight', 0);
  const groups = codeDim / side('codebook', 1); // each group has rows of its own
  return {
    channels: patch / downsample ** 2,
    downsample,
    width: side('encoder.down.weight', 0),
    hidden: has('encoder.blocks.0.conv1.weight')
      ? side('encoder.blocks.0.conv1.weight', 0)
      : side('decoder.blocks.0.conv1.weight', 0),
    encoderBlocks: count('encoder.blocks.'),
    decoderBlocks: count('decoder.blocks.'),
    codes: side('codebook', 0) / groups,
    codeDim,
    ...(groups > 1 ? { groups } : {}),
  };
}

/** Our own tokenizer; nobody else has names for it. */
export const compact: Family = {
  name: 'compact',
  title: 'compact tokenizer',
  namings: [ours((weights) => weights.has('codebook') && weights.has('encoder.down.weight'))],
  describe: (weights) => {
    const config = configOf(weights);
    return { config, spec: compactSpec(config) };
  },
};
