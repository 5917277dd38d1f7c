import { type FtwConfig, ftwSpec } from '@gss/posterior';
import { type PriorConfig, priorSpec } from '@gss/prior';
import type { Spec } from '@gss/tensor';
import { type Described, exchanged, type Family, type Naming, ours, renamed } from '../family.js';
import { type Shapes, shapesOf, times, UnknownSizes } from '../shapes.js';
import type { Weights } from '../weights.js';
import { compact } from './compact.js';
import { dvae } from './dvae.js';
import { hrnet } from './hrnet.js';
import { resnet } from './resnet.js';
import { swin } from './swin.js';
import { uvim } from './uvim.js';
import { vqgan } from './vqgan.js';

const head = 'decode_head.';
const referenceTokenizer = 'decode_head.d_vae.';
const ourTokenizer = 'tokenizer.';

const begins = (weights: Weights, prefix: string) => [...weights.keys()].some((name) => name.startsWith(prefix));
const isGss = (weights: Weights) => begins(weights, 'backbone.') && weights.has(`${head}conv_before_seg.conv.weight`);
const part = (weights: Weights, prefix: string): Weights =>
  renamed(weights, (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined));

/** A checkpoint of mmsegmentation's EncoderDecoder: the frozen dVAE lies within the head. */
const mmseg: Naming = {
  name: 'mmseg',
  recognise: (weights) => isGss(weights) && !begins(weights, ourTokenizer),
  key: 'state_dict',
  unused: [[/^auxiliary_head\./, 'head that only training uses']],
  toOurs: (weights) => renamed(weights, (name) => exchanged(name, referenceTokenizer, ourTokenizer)),
  fromOurs: (weights) => {
    const reference = weights.has(`${ourTokenizer}encoder.blocks.input.w`);
    return reference ? renamed(weights, (name) => exchanged(name, ourTokenizer, referenceTokenizer)) : weights;
  },
};

/** What ResNet's weights do not tell; all of the reference's configs have it so. */
const dilated = { strides: [1, 2, 1, 1], dilations: [1, 1, 2, 4], contractDilation: true };

/** Channels of the backbone's maps, and its spec. */
function backboneOf(weights: Weights): Described & { readonly type: string; readonly features: readonly number[] } {
  const family = [swin, hrnet, resnet].find(({ namings }) => namings[0].recognise(weights));
  if (!family) throw new UnknownSizes('a Swin, ResNet or HRNet under backbone.');
  const { config, spec, notes } = family.describe(weights);
  const { channels: features } = config as { channels: readonly number[] };
  if (family !== resnet) return { config, spec, notes: notes ?? [], type: family.name, features };
  const stated = ['strides 1, 2, 1, 1 and dilations 1, 1, 2, 4 are taken for the ResNet, as the reference has them'];
  return { config: { ...(config as object), ...dilated }, spec, notes: stated, type: family.name, features };
}

/** The reference's classifier, or the two matrices of ours. */
const classifierOf = ({ side, has }: Shapes): Pick<PriorConfig, 'vocabulary' | 'classifier' | 'classifierRank'> =>
  has('conv_seg.1.weight')
    ? { vocabulary: side('conv_seg.1.weight', 0), classifier: 'low-rank', classifierRank: side('conv_seg.1.weight', 1) }
    : { vocabulary: side('conv_seg.weight', 0) };

function priorOf(shapes: Shapes, features: readonly number[]): PriorConfig {
  const { side, has, count } = shapes;
  const depth = count('transformer_block.blocks.');
  const [block] = ['transformer_block.blocks.0.attn.w_msa.relative_position_bias_table'];
  const pixels = has('conv_seg_pixel.weight');
  return {
    features,
    inIndex: times(count('convs.'), (i) => features.indexOf(side(`convs.${i}.conv.weight`, 1))),
    tokenLevel: 0,
    channels: side('convs.0.conv.weight', 0),
    tokenChannels: side('fusion_conv.conv.weight', 0),
    classifierChannels: side('conv_before_seg.conv.weight', 0),
    ...classifierOf(shapes),
    depth,
    heads: depth ? side(block!, 1) : 16,
    window: depth ? (Math.sqrt(side(block!, 0)) + 1) / 2 : 7,
    tokenDropout: 0.1,
    classes: pixels
      ? side('conv_seg_pixel.weight', 0)
      : has('cls_segmap.conv.weight')
        ? side('cls_segmap.conv.weight', 0)
        : 0,
    auxiliary: has('fusion_conv_pixel.conv.weight') ? 'separate' : pixels ? 'shared' : 'none',
  };
}

/** GSS-FT-W's learned 𝒳⁻¹, where the head has one. */
function ftwOf({ side, has, count }: Shapes): FtwConfig | undefined {
  if (!has('cls_segmap.conv.weight')) return undefined;
  const block = 'post_transformer_block.blocks.0.';
  return {
    channels: side('projection.conv.weight', 0),
    depth: count('post_transformer_block.blocks.'),
    heads: side(`${block}attn.w_msa.relative_position_bias_table`, 1),
    window: (Math.sqrt(side(`${block}attn.w_msa.relative_position_bias_table`, 0)) + 1) / 2,
    hidden: side(`${block}ffn.layers.0.0.weight`, 0),
    classes: side('cls_segmap.conv.weight', 0),
  };
}

function tokenizerOf(weights: Weights): (Described & { readonly type: string }) | undefined {
  if (weights.size === 0) return undefined;
  const family = [dvae, vqgan, uvim, compact].find(({ namings }) => namings[0].recognise(weights));
  if (!family) throw new UnknownSizes('a known tokenizer under tokenizer.');
  return { ...family.describe(weights), type: family.name };
}

function describe(weights: Weights): Described {
  const backbone = backboneOf(part(weights, 'backbone.'));
  const shapes = shapesOf(part(weights, head));
  const prior = priorOf(shapes, backbone.features);
  const ftw = ftwOf(shapes);
  const tokenizer = tokenizerOf(part(weights, ourTokenizer));
  const spec: Record<string, Spec> = {
    backbone: backbone.spec,
    decode_head: { ...priorSpec(prior), ...(ftw ? ftwSpec(ftw) : {}) },
    ...(tokenizer ? { tokenizer: tokenizer.spec } : {}),
  };
  const config = {
    backbone: { type: backbone.type, config: backbone.config },
    prior,
    ...(ftw ? { ftw } : {}),
    ...(tokenizer ? { tokenizer: { type: tokenizer.type, config: tokenizer.config } } : {}),
  };
  return {
    config,
    spec,
    notes: [...(tokenizer ? [] : ['there is no tokenizer in this file']), ...(backbone.notes ?? [])],
  };
}

/** A whole GSS model: backbone, head and tokenizer. */
export const gss: Family = {
  name: 'gss',
  title: 'GSS model',
  namings: [ours((weights) => isGss(weights) && begins(weights, ourTokenizer)), mmseg],
  describe,
};
