import { loadParams, type StoredTensor, storedToFloat32 } from '@gss/tensor';
import { dvaeDecoder, dvaeDecoderSpec, dvaeEncoder, dvaeEncoderSpec, embedProbabilities } from '@gss/vqvae';
import * as tf from '@tensorflow/tfjs-core';
import { nchw } from '../compare.js';
import type { Check } from '../family.js';
import { dvaeConfigOf } from './dvae.js';

type Tensors = ReadonlyMap<string, StoredTensor>;

function nhwc({ shape, ...stored }: StoredTensor): tf.Tensor4D {
  const values = storedToFloat32({ shape, ...stored });
  return tf.transpose(tf.tensor4d(values, [...shape] as [number, number, number, number]), [0, 2, 3, 1]);
}

/** A dVAE half as DALL·E publishes it, run on the given input with the weights that were read. */
export function dvaeModuleChecks(
  modules: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  weights: Tensors,
  expected: Tensors,
): Check[] {
  const module = modules['.'] as unknown as Parameters<typeof dvaeConfigOf>[0] & { output_channels?: number };
  const config = dvaeConfigOf({
    ...module,
    input_channels: module.input_channels ?? module.output_channels ?? 3,
    n_init: module.n_init ?? 0,
  });
  const [output] = [...expected.keys()].filter((name) => name.startsWith('output.'));
  if (!output) return [];
  const image = expected.get('input.mapped');
  const map = image
    ? dvaeEncoder(nhwc(image), loadParams('dvaeEncoder', dvaeEncoderSpec(config), weights), config)
    : decoded(nhwc(expected.get('input.code')!), weights, config);
  return [
    { name: `${output} with these weights`, actual: nchw(map), expected: storedToFloat32(expected.get(output)!) },
  ];
}

function decoded(code: tf.Tensor4D, weights: Tensors, config: ReturnType<typeof dvaeConfigOf>): tf.Tensor4D {
  const params = loadParams('dvaeDecoder', dvaeDecoderSpec(config), weights);
  return dvaeDecoder(embedProbabilities(code, params), params, config);
}
