import { loadParams, type StoredTensor, storedToFloat32 } from '@gss/tensor';
import type { Golden } from '@gss/testing';
import {
  type DvaeConfig,
  type DvaeParams,
  dvaeDecoder,
  dvaeEncoder,
  dvaeImage,
  dvaeSpec,
  embedProbabilities,
  embedTokens,
  mapPixels,
} from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { check, gradientsOf, nchw } from '../compare.js';
import type { Check, Family } from '../family.js';

interface ReferenceConfig {
  readonly input_channels: number;
  readonly n_hid: number;
  readonly n_init: number;
  readonly n_blk_per_group: number;
  readonly vocab_size: number;
}

/** Arguments of dall_e's Encoder and Decoder → ours. */
export const dvaeConfigOf = (c: ReferenceConfig): DvaeConfig => ({
  channels: c.input_channels,
  hidden: c.n_hid,
  init: c.n_init,
  blocksPerGroup: c.n_blk_per_group,
  vocabulary: c.vocab_size,
});

/** Every `grad.NAME` against the gradient of parameter NAME. */
export function gradientChecks(golden: Golden, gradients: ReadonlyMap<string, StoredTensor>, half: string): Check[] {
  return [...golden.tensors.keys()]
    .filter((name) => name.startsWith(`grad.${half}.`))
    .map((name) => {
      const gradient = gradients.get(name.slice('grad.'.length));
      if (!gradient) throw new Error(`${golden.name}: no parameter for ${name}`);
      return check(golden, name, storedToFloat32(gradient));
    });
}

async function run(golden: Golden): Promise<Check[]> {
  const config = dvaeConfigOf(golden.manifest.config);
  const spec = dvaeSpec(config);
  const load = () => loadParams('dvae', spec, golden.params());
  const params = load();
  const image = golden.nhwc('input.image');
  const mapped = mapPixels(image);
  const logits = dvaeEncoder(mapped, params.encoder, config);
  const tokens = tf.argMax(logits, 3) as tf.Tensor3D;
  const decoded = dvaeDecoder(embedTokens(tokens, params.decoder), params.decoder, config);
  const soft = embedProbabilities(golden.nhwc('input.soft_code'), params.decoder);
  const checks = [
    check(golden, 'output.mapped', nchw(mapped)),
    check(golden, 'output.logits', nchw(logits)),
    check(golden, 'output.tokens', tokens),
    check(golden, 'output.one_hot_sum', tf.sum(tf.oneHot(tf.reshape(tokens, [-1]), config.vocabulary), 0)),
    check(golden, 'output.decoder6', nchw(decoded)),
    check(golden, 'output.unmapped', nchw(dvaeImage(decoded))),
    check(golden, 'output.decoder6_soft', nchw(dvaeDecoder(soft, params.decoder, config))),
  ];

  const targets = tf.reshape(golden.tensor('input.target_tokens'), [-1]) as tf.Tensor1D;
  const encoderLoss = (p: DvaeParams, [x]: readonly tf.Variable[]) => {
    const flat = tf.reshape(dvaeEncoder(mapPixels(x as tf.Tensor as tf.Tensor4D), p.encoder, config), [
      -1,
      config.vocabulary,
    ]);
    return tf.losses.softmaxCrossEntropy(tf.oneHot(targets, config.vocabulary), flat) as tf.Scalar;
  };
  const encoder = await gradientsOf(spec, params, [image], encoderLoss);
  checks.push(check(golden, 'output.loss_encoder', [encoder.loss]));
  checks.push(...gradientChecks(golden, encoder.parameters, 'encoder'));
  checks.push(check(golden, 'grad.image', nchw(encoder.inputs[0] as tf.Tensor4D)));

  const target = golden.nhwc('input.decoder_target');
  const decoderLoss = (p: DvaeParams) => {
    const six = dvaeDecoder(embedTokens(tokens, p.decoder), p.decoder, config);
    const [mean, scale] = tf.split(six, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
    const error = tf.mean(tf.square(tf.sub(tf.sigmoid(mean), target)));
    return tf.add(error, tf.mul(tf.mean(tf.square(scale)), 0.1)) as tf.Scalar;
  };
  const decoder = await gradientsOf(spec, load(), [], decoderLoss);
  checks.push(check(golden, 'output.loss_decoder', [decoder.loss]));
  checks.push(...gradientChecks(golden, decoder.parameters, 'decoder'));
  return checks;
}

export const family: Family = { prefix: 'dvae', run };
