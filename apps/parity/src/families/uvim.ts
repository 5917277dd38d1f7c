import { createRng, loadParams, type StoredTensor, storedToFloat32 } from '@gss/tensor';
import type { Golden } from '@gss/testing';
import {
  codewords,
  fromFlax,
  nextCodeLoss,
  splitMostFrequent,
  type UvimConfig,
  type UvimLanguageConfig,
  type UvimLanguageParams,
  type UvimParams,
  updateDictionary,
  uvimDecoder,
  uvimEncoder,
  uvimGreedyCodes,
  uvimLanguageDecoder,
  uvimLanguageEncoder,
  uvimLanguageSpec,
  uvimLoss,
  uvimQuantize,
  uvimSpec,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { check, expectedValues, gradientsOf } from '../compare.js';
import type { Check, Family } from '../family.js';

interface Stage1Config {
  readonly input_size: readonly [number, number];
  readonly patch_size: readonly [number, number];
  readonly inputs: { readonly semantics: readonly [number, number] };
  readonly width: number;
  readonly num_heads: number;
  readonly mlp_dim: number;
  readonly enc_depth: number;
  readonly dec_depth: number;
  readonly code_len: number;
  readonly dict_size: number;
  readonly codeword_dim: number;
  readonly bottleneck_resize: boolean;
  readonly with_encoder_ctx: boolean;
  readonly with_decoder_ctx: boolean;
  readonly posemb?: 'learn' | 'sincos2d';
}

/** Arguments of uvim/vit.py → ours. */
export const uvimConfigOf = (c: Stage1Config): UvimConfig => ({
  classes: c.inputs.semantics[0],
  inputSize: c.input_size,
  patchSize: c.patch_size,
  width: c.width,
  heads: c.num_heads,
  hidden: c.mlp_dim,
  encoderDepth: c.enc_depth,
  decoderDepth: c.dec_depth,
  codeLength: c.code_len,
  codes: c.dict_size,
  codeDim: c.codeword_dim,
  bottleneckResize: c.bottleneck_resize,
  encoderContext: c.with_encoder_ctx,
  decoderContext: c.with_decoder_ctx,
  positions: c.posemb ?? 'learn',
});

/** Flax parameters and codebook state under the names of `uvimSpec`. */
function stage1Weights(golden: Golden): Map<string, StoredTensor> {
  const named = (prefix: string, weights: ReadonlyMap<string, StoredTensor>) =>
    [...weights].map(([name, tensor]) => [`${prefix}.${name}`, tensor] as const);
  return new Map([...named('params', fromFlax(golden.params())), ...named('state', golden.params('state.'))]);
}

function gradientChecks(golden: Golden, gradients: ReadonlyMap<string, StoredTensor>, prefix: string): Check[] {
  return [...golden.tensors.keys()]
    .filter((name) => name.startsWith('grad.'))
    .map((name) => {
      const gradient = gradients.get(prefix + name.slice('grad.'.length).replaceAll('/', '.'));
      if (!gradient) throw new Error(`${golden.name}: no parameter for ${name}`);
      return check(golden, name, storedToFloat32(gradient));
    });
}

function dictionaryChecks(golden: Golden, bottleneck: tf.Tensor, code: tf.Tensor): Check[] {
  const floats = (name: string) => expectedValues(golden, name) as Float32Array;
  const state = { dictionary: floats('state.dictionary'), counts: floats('state.counts') };
  const vectors = bottleneck.dataSync() as Float32Array;
  const next = updateDictionary(state, vectors, code.dataSync(), createRng(0));
  const split = splitMostFrequent({ ...state, counts: floats('split.input.counts') }, floats('split.input.factors'));
  return [
    check(golden, 'output.train.counts', next.counts),
    check(golden, 'output.train.dictionary', next.dictionary),
    check(golden, 'split.output.counts', split.counts),
    check(golden, 'split.output.dictionary', split.dictionary),
  ];
}

async function stage1(golden: Golden): Promise<Check[]> {
  const config = uvimConfigOf(golden.manifest.config);
  const spec = uvimSpec(config);
  const params = loadParams('uvim', spec, stage1Weights(golden));
  const patches = golden.tensor('input.semantics') as tf.Tensor4D;
  const image = golden.tensors.has('input.context_image')
    ? (golden.tensor('input.context_image') as tf.Tensor4D)
    : undefined;
  const bottleneck = uvimEncoder(patches, params, config, image);
  const { quantized, code } = uvimQuantize(bottleneck, params);
  const words = codewords(params.state);
  const given = tf.gather<tf.Tensor>(words, golden.tensor('input.codes') as tf.Tensor2D) as tf.Tensor3D;
  const { loss, parts } = uvimLoss(patches, params, config, image ? { image } : {});
  const checks = [
    check(golden, 'output.codewords', words),
    check(golden, 'output.bottleneck', bottleneck),
    check(golden, 'output.bottleneck_q', quantized),
    check(golden, 'output.code', code),
    check(golden, 'output.logits', uvimDecoder(quantized, params, config, image)),
    check(golden, 'output.logits_from_codes', uvimDecoder(given, params, config, image)),
    check(golden, 'output.loss', loss),
    check(golden, 'output.cross_entropy', parts.reconstruction),
    check(golden, 'output.commitment', parts.commitment),
    ...dictionaryChecks(golden, bottleneck, code),
  ];
  const gradients = await gradientsOf(
    spec,
    params,
    [],
    (p: UvimParams) => uvimLoss(patches, p, config, image ? { image } : {}).loss,
  );
  return [...checks, ...gradientChecks(golden, gradients.parameters, 'params.')];
}

interface Stage2Config {
  readonly input_size: readonly [number, number];
  readonly patches: readonly [number, number];
  readonly emb_dim: number;
  readonly num_heads: number;
  readonly mlp_dim: number;
  readonly num_layers: number;
  readonly vocab_size: number;
  readonly seq_len: number;
}

/** Arguments of uvim/vtt.py → ours. */
export const uvimLanguageConfigOf = (c: Stage2Config): UvimLanguageConfig => ({
  inputSize: c.input_size,
  patchSize: c.patches,
  width: c.emb_dim,
  heads: c.num_heads,
  hidden: c.mlp_dim,
  layers: c.num_layers,
  codes: c.vocab_size,
  codeLength: c.seq_len,
});

async function stage2(golden: Golden): Promise<Check[]> {
  const config = uvimLanguageConfigOf(golden.manifest.config);
  const spec = uvimLanguageSpec(config);
  const params = loadParams('uvim', spec, fromFlax(golden.params()));
  const image = golden.tensor('input.image') as tf.Tensor4D;
  const tokens = golden.tensor('input.tokens') as tf.Tensor2D;
  const encoded = uvimLanguageEncoder(image, params, config);
  const checks = [
    check(golden, 'output.encoded', encoded),
    check(golden, 'output.logits', uvimLanguageDecoder(encoded, tokens, params, config)),
    check(golden, 'output.greedy_tokens', uvimGreedyCodes(image, params, config)),
  ];
  const gradients = await gradientsOf(spec, params, [], (p: UvimLanguageParams) =>
    nextCodeLoss(uvimLanguageDecoder(uvimLanguageEncoder(image, p, config), tokens, p, config), tokens),
  );
  checks.push(check(golden, 'output.loss', [gradients.loss]));
  return [...checks, ...gradientChecks(golden, gradients.parameters, '')];
}

export const family: Family = {
  prefix: 'uvim',
  run: (golden) => (golden.tensors.has('input.tokens') ? stage2(golden) : stage1(golden)),
};
