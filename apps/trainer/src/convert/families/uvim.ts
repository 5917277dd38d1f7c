import { fromFlax, type UvimConfig, type UvimLanguageConfig, uvimLanguageSpec, uvimSpec } from '@gss/vqvae';
import { anyName, exchanged, type Family, type Naming, ours, renamed } from '../family.js';
import { shapesOf } from '../shapes.js';
import type { Weights } from '../weights.js';

/** Names of flax join by slashes. big_vision keeps `params/` and `state/` beside the optimiser's `opt/`. */
const flax = (recognise: Naming['recognise'], root: string): Naming => ({
  name: 'flax',
  recognise: (weights) => anyName(weights, /\//) && recognise(fromRoots(weights, root)),
  unused: [[/^(opt|extra)\//, 'state of the training']],
  toOurs: (weights) => fromRoots(weights, root),
  fromOurs: (weights) =>
    renamed(weights, (name) => {
      const inFile = root === '' ? `params.${name}` : name;
      return inFile.replaceAll('.', '/');
    }),
});

/** `params/…` of a checkpoint, or bare parameters, with the names in front that ours have. */
function fromRoots(weights: Weights, root: string): Weights {
  const kept = renamed(weights, (name) => (/^(opt|extra)\//.test(name) ? undefined : name));
  const placed = renamed(kept, (name) => {
    if (name.startsWith('state/')) return name;
    const bare = name.startsWith('params/') ? name.slice('params/'.length) : name;
    return `${root}${exchanged(exchanged(bare, 'Encoder/', 'encoder/'), 'Decoder/', 'decoder/')}`;
  });
  return fromFlax(placed);
}

const square = (area: number): readonly [number, number] => {
  const side = Math.sqrt(area);
  return Number.isInteger(side) ? [side, side] : [1, area];
};

const blocks = (weights: Weights, prefix: string): number => {
  const of = (name: string) => (name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) + 1 : 0);
  return Math.max(0, ...[...weights.keys()].map(of));
};

function configOf(weights: Weights): UvimConfig {
  const { of, side, has } = shapesOf(weights);
  const pixels = side('params.embedding_semantics.kernel', 1);
  const context = ['params.ctx_enc_embedding.kernel', 'params.ctx_dec_embedding.kernel'].find(has);
  const patchSize = context ? (of(context).slice(0, 2) as [number, number]) : square(pixels);
  const learned = has('params.pos_embedding_encoder');
  const [h, w] = learned ? square(side('params.pos_embedding_encoder', 1)) : [32, 32];
  return {
    classes: side('params.embedding_semantics.kernel', 0),
    inputSize: [h * patchSize[0], w * patchSize[1]],
    patchSize,
    width: side('params.encoder_head.kernel', 0),
    heads: side('params.encoder.encoderblock_0.MultiHeadDotProductAttention_0.query.kernel', 1),
    hidden: side('params.encoder.encoderblock_0.MlpBlock_0.Dense_0.kernel', 1),
    encoderDepth: blocks(weights, 'params.encoder.encoderblock_'),
    decoderDepth: blocks(weights, 'params.decoder.encoderblock_'),
    codeLength: has('params.bottleneck_downsample') ? side('params.bottleneck_downsample', 1) : 256,
    codes: side('state.dictionary', 0),
    codeDim: side('params.encoder_head.kernel', 1),
    bottleneckResize: !has('params.bottleneck_downsample'),
    encoderContext: has('params.ctx_enc_embedding.kernel'),
    decoderContext: has('params.ctx_dec_embedding.kernel'),
    positions: learned ? 'learn' : 'sincos2d',
  };
}

const isStage1 = (weights: Weights) => weights.has('params.embedding_semantics.kernel');

/** UViM's stage I (big_vision, flax). */
export const uvim: Family = {
  name: 'uvim',
  title: 'UViM, stage I',
  namings: [ours(isStage1), flax(isStage1, 'params.')],
  describe: (weights) => {
    const config = configOf(weights);
    const unknown = [
      ...(config.positions === 'learn' ? [] : ['inputSize']),
      ...(config.bottleneckResize ? ['codeLength'] : []),
    ];
    const notes = unknown.length
      ? [`${unknown.join(' and ')} cannot be told from the weights: as published is assumed`]
      : [];
    return { config, spec: uvimSpec(config), notes };
  },
};

function languageConfig(weights: Weights): UvimLanguageConfig {
  const { of, side } = shapesOf(weights);
  const patchSize = of('EmbedPatches.kernel').slice(0, 2) as [number, number];
  return {
    inputSize: [512, 512],
    patchSize,
    width: side('EmbedPatches.kernel', 3),
    heads: side('encoder.encoderblock_0.MultiHeadDotProductAttention_0.query.kernel', 1),
    hidden: side('encoder.encoderblock_0.MlpBlock_0.Dense_0.kernel', 1),
    layers: blocks(weights, 'encoder.encoderblock_'),
    codes: side('decoder.EmbedTargets.embedding', 0),
    codeLength: 256,
  };
}

const isStage2 = (weights: Weights) => weights.has('EmbedPatches.kernel');

/** UViM's stage II, the language model over codes. */
export const uvimLanguage: Family = {
  name: 'uvim-language',
  title: 'UViM, stage II',
  namings: [ours(isStage2), flax(isStage2, '')],
  describe: (weights) => {
    const config = languageConfig(weights);
    const notes = ['inputSize and codeLength cannot be told from the weights: as published is assumed'];
    return { config, spec: uvimLanguageSpec(config), notes };
  },
};
