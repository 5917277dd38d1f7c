import { discriminatorSpec, type VqganConfig, vqganSpec } from '@gss/vqvae';
import { type Described, exchanged, type Family, type Naming, ours, renamed } from '../family.js';
import { shapesOf, times } from '../shapes.js';
import type { Weights } from '../weights.js';

const isVqgan = (weights: Weights): boolean =>
  weights.has('encoder.conv_in.weight') && weights.has('encoder.down.0.block.0.conv1.weight');

/** A Lightning checkpoint of taming-transformers' VQModel: the same names, and the loss with its discriminator and LPIPS. */
const taming: Naming = {
  name: 'taming',
  recognise: (weights) => isVqgan(weights) && [...weights.keys()].some((name) => name.startsWith('loss.')),
  key: 'state_dict',
  unused: [
    [/^loss\.perceptual_loss\./, 'LPIPS of the loss, not of the model'],
    [/^loss\.discriminator\./, 'discriminator; --discriminator keeps it'],
    [/^(model_ema|optimizer)\./, 'state of the training'],
  ],
  toOurs: (weights, { discriminator }) =>
    renamed(weights, (name) => {
      if (!name.startsWith('loss.')) return name;
      return discriminator && name.startsWith('loss.discriminator.')
        ? exchanged(name, 'loss.discriminator.', 'discriminator.')
        : undefined;
    }),
  fromOurs: (weights) => renamed(weights, (name) => exchanged(name, 'discriminator.', 'loss.discriminator.')),
};

function configOf(weights: Weights): VqganConfig {
  const { side, has, count } = shapesOf(weights);
  const levels = count('encoder.down.');
  const width = side('encoder.conv_in.weight', 0);
  const resolution = 256; // nominal; only which levels have attention is in the weights
  const channels = side('encoder.conv_in.weight', 1);
  return {
    channels,
    width,
    multipliers: times(levels, (i) => side(`encoder.down.${i}.block.0.conv1.weight`, 0) / width),
    residualBlocks: count('encoder.down.0.block.'),
    resolution,
    attentionResolutions: times(levels, (i) =>
      has(`encoder.down.${i}.attn.0.q.weight`) ? resolution / 2 ** i : 0,
    ).filter(Boolean),
    latent: side('encoder.conv_out.weight', 0),
    codes: side('quantize.embedding.weight', 0),
    codeDim: side('quantize.embedding.weight', 1),
    // The reference's 32 groups do not fit narrower maps: ours have four channels each there.
    ...(width % 32 === 0 ? {} : { groups: width / 4 }),
    ...(channels === 3 ? {} : { output: 'logits' as const }),
  };
}

function describe(weights: Weights): Described {
  const config = configOf(weights);
  const { of, has } = shapesOf(weights);
  const spec = vqganSpec(config);
  const notes = [`the groups of GroupNorm cannot be told from the weights: ${config.groups ?? 32} are assumed`];
  if (!has('discriminator.main.0.weight')) return { config, spec, notes };
  const [width, channels] = of('discriminator.main.0.weight') as [number, number];
  const last = Math.max(
    ...[...weights.keys()].map((name) => Number(/^discriminator\.main\.(\d+)\./.exec(name)?.[1] ?? 0)),
  );
  const discriminator = { channels, width, layers: (last - 2) / 3 };
  return {
    config: { ...config, discriminator },
    spec: { ...spec, discriminator: discriminatorSpec(discriminator) },
    notes,
  };
}

/** taming-transformers' VQGAN. */
export const vqgan: Family = {
  name: 'vqgan',
  title: 'VQGAN',
  namings: [ours((weights) => isVqgan(weights) && !taming.recognise(weights)), taming],
  describe,
};
