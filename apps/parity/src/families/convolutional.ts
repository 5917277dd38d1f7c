import {
  createRng,
  createTraining,
  discardStatistics,
  loadParams,
  namedTensors,
  type Spec,
  type StoredTensor,
  storedToFloat32,
  type Training,
  type Tree,
} from '@gss/tensor';
import type { Golden } from '@gss/testing';
import * as tf from '@tensorflow/tfjs-core';
import { check, gradientsOf, nchw } from '../compare.js';
import type { Check } from '../family.js';

type Forward<P> = (x: tf.Tensor4D, params: P, training?: Training) => readonly tf.Tensor4D[];

/** Running statistics after one pass, by name. */
function updatedStatistics(golden: Golden, params: Tree<tf.Tensor>, training: Training): Check[] {
  const prefix = 'output.updated.';
  const buffers = namedTensors(params);
  return [...golden.tensors.keys()]
    .filter((name) => name.startsWith(prefix))
    .map((name) => {
      const next = training.statistics.get(buffers.get(name.slice(prefix.length))!);
      if (!next) throw new Error(`${golden.name}: ${name} was not updated by the forward pass`);
      return check(golden, name, next);
    });
}

/**
 * Fixtures of a backbone with BatchNorm: maps with running statistics and with the batch's, the statistics after that
 * pass, and the gradients of Σᵢ mean(mapᵢ · cotangentᵢ) in training.
 */
export async function convolutional<P>(golden: Golden, who: string, spec: Spec, forward: Forward<P>): Promise<Check[]> {
  const load = () => loadParams(who, spec, golden.params() as ReadonlyMap<string, StoredTensor>) as P;
  const image = golden.nhwc('input.image');
  const checks: Check[] = [];
  const compare = (mode: string, maps: readonly tf.Tensor4D[]) => {
    for (const [i, map] of maps.entries()) {
      const name = `output.${mode}.${i}`;
      if (golden.tensors.has(name)) checks.push(check(golden, name, nchw(map)));
    }
  };
  const params = load();
  compare('eval', forward(image, params));
  const training = createTraining(createRng(0));
  compare('train', forward(image, params, training));
  checks.push(...updatedStatistics(golden, params as Tree<tf.Tensor>, training));
  discardStatistics(training);

  const pass = createTraining(createRng(0));
  const { loss, parameters, inputs } = await gradientsOf(
    spec,
    load(),
    [image],
    (p, [x]) =>
      forward(x as tf.Tensor as tf.Tensor4D, p, pass).reduce((sum, map, i) => {
        const name = `input.cotangent${i}`;
        return golden.tensors.has(name) ? tf.add(sum, tf.mean(tf.mul(map, golden.nhwc(name)))) : sum;
      }, tf.scalar(0) as tf.Tensor) as tf.Scalar,
  );
  discardStatistics(pass);
  if (golden.tensors.has('output.train.loss')) checks.push(check(golden, 'output.train.loss', [loss]));
  for (const name of golden.tensors.keys()) {
    if (!name.startsWith('grad.')) continue;
    const parameter = parameters.get(name.slice('grad.'.length));
    checks.push(check(golden, name, parameter ? storedToFloat32(parameter) : nchw(inputs[0] as tf.Tensor4D)));
  }
  return checks;
}
