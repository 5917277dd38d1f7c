import {
  type BatchNormParams,
  batchNorm,
  batchNormSpec,
  buffer,
  conv2d,
  convBatchNorm,
  convNoBiasSpec,
  convSpec,
  createRng,
  createTraining,
  depthwise,
  depthwiseConv2d,
  disposeTree,
  foldNorm,
  foldNorms,
  initParams,
  isFolded,
  mapTree,
  namedTensors,
  type ParamsOf,
  stateDict,
  type Tree,
} from '@gss/tensor';
import { expectClose } from '@gss/testing';
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

const wide = 1e-3;
/** Pairs in an object and in an array with a gap, a depthwise filter with an ε of its own, and what is no norm. */
const spec = {
  conv1: convNoBiasSpec(3, 3, 4),
  bn1: batchNormSpec(4, { behind: 'conv1' }),
  stem: [
    convNoBiasSpec(1, 4, 6),
    batchNormSpec(6, { behind: 0 }),
    undefined,
    convNoBiasSpec(3, 6, 5),
    batchNormSpec(5, { behind: 3 }),
  ] as const,
  filters: { weight: depthwise(3, 5) },
  norm: batchNormSpec(5, { behind: 'filters', eps: wide }),
  alone: batchNormSpec(5),
  last: convSpec(1, 5, 2),
  steps: buffer([2]),
};
type Params = ParamsOf<typeof spec>;

/** Nothing at its initial value, and variances so small that ε counts. */
function random(): Params {
  let seed = 1;
  return mapTree(initParams(spec, createRng(1)) as unknown as Tree<tf.Tensor>, (tensor, name) => {
    tensor.dispose();
    if (name.endsWith('num_batches_tracked')) return tf.scalar(7, 'int32');
    return name.endsWith('running_var')
      ? tf.randomUniform(tensor.shape, 1e-3, 2, 'float32', seed++)
      : tf.randomNormal(tensor.shape, 0, 1, 'float32', seed++);
  }) as unknown as Params;
}

/** With norms as they are defined, nothing folded. */
const composed = (x: tf.Tensor4D, p: Params) => {
  const first = tf.relu(batchNorm(conv2d(x, p.conv1.weight), p.bn1));
  const [conv2, bn2, , conv3, bn3] = p.stem;
  const second = batchNorm(conv2d(first, conv2.weight), bn2);
  const third = batchNorm(conv2d(second, conv3.weight, null, { stride: 2, padding: 1 }), bn3);
  const filtered = batchNorm(depthwiseConv2d(third, p.filters.weight), p.norm, undefined, { eps: wide });
  return conv2d(batchNorm(filtered, p.alone), p.last.weight, p.last.bias);
};
/** As packages write it. */
const written = (x: tf.Tensor4D, p: Params) => {
  const first = convBatchNorm(x, p.conv1, p.bn1, { activate: true });
  const [conv2, bn2, , conv3, bn3] = p.stem;
  const third = convBatchNorm(convBatchNorm(first, conv2, bn2), conv3, bn3, { stride: 2, padding: 1 });
  const [filter, bias] = foldNorm(p.filters.weight, p.norm, wide);
  return conv2d(batchNorm(depthwiseConv2d(third, filter, bias), p.alone), p.last.weight, p.last.bias);
};

beforeAll(() => tf.setBackend('cpu'));
let params: Params;
let x: tf.Tensor4D;
beforeEach(() => {
  tf.disposeVariables();
  params = random();
  x = tf.randomNormal([2, 9, 7, 3], 0, 1, 'float32', 99);
});
afterAll(() => {
  tf.dispose(x);
});

test('folded parameters give what convolutions and norms give', () => {
  const folded = foldNorms(spec, params);
  const expected = composed(x, params);
  const scale = tf.max(tf.abs(expected)).dataSync()[0]!;
  expectClose(written(x, folded), expected, 1e-5 * scale);
  expectClose(composed(x, folded), expected, 1e-5 * scale); // a folded norm that is called adds its bias
  expectClose(written(x, params), expected, 1e-5 * scale);
});

test('a norm has one leaf left, one that says of no convolution all of its', () => {
  const names = [...namedTensors(foldNorms(spec, params) as unknown as Tree<tf.Tensor>).keys()];
  expect(names).toEqual([
    ...['conv1.weight', 'bn1.folded', 'stem.0.weight', 'stem.1.folded', 'stem.3.weight', 'stem.4.folded'],
    ...['filters.weight', 'norm.folded'],
    ...['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'].map((leaf) => `alone.${leaf}`),
    ...['last.weight', 'last.bias', 'steps'],
  ]);
});

test('what was given stays bit for bit, and each side outlives the other', async () => {
  const before = await stateDict(spec, params as unknown as Tree<tf.Tensor>);
  const folded = foldNorms(spec, params);
  const expected = written(x, folded).dataSync();
  disposeTree(folded as unknown as Tree<tf.Tensor>);
  expect(await stateDict(spec, params as unknown as Tree<tf.Tensor>)).toEqual(before);
  const other = foldNorms(spec, params);
  disposeTree(params as unknown as Tree<tf.Tensor>);
  expect(written(x, other).dataSync()).toEqual(expected);
});

test('frees all with the result, and copies nothing that is not folded', () => {
  const { numTensors, numDataBuffers } = tf.memory();
  const folded = foldNorms(spec, params);
  expect(tf.memory().numDataBuffers - numDataBuffers).toBe(4 + 4); // filters and biases; clones have no buffer of their own
  disposeTree(folded as unknown as Tree<tf.Tensor>);
  expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
});

test('folding again changes nothing', () => {
  const once = foldNorms(spec, params);
  const twice = foldNorms(spec, once);
  expect(written(x, twice).dataSync()).toEqual(written(x, once).dataSync());
});

test('folded parameters are neither saved nor trained', async () => {
  const folded = foldNorms(spec, params);
  await expect(stateDict(spec, folded as unknown as Tree<tf.Tensor>)).rejects.toThrow(
    /^stateDict \(their norms are folded for inference; take the parameters that foldNorms was given\): 20 of 32 parameters do not fit\.\n {2}missing {5}bn1\.weight \[4\]/,
  );
  expect(isFolded(folded.bn1) && isFolded(folded.norm)).toBe(true);
  expect(isFolded(params.bn1) || isFolded(folded.alone)).toBe(false);
  const training = createTraining(createRng(0));
  expect(() => convBatchNorm(x, folded.conv1, folded.bn1, {}, training)).toThrow(
    'batchNorm: expected a norm with running statistics, got one that foldNorms folded into its convolution for inference. Train the parameters as they were loaded.',
  );
});

test('a norm behind no convolution, or behind one with a bias, is refused', () => {
  const pair = (conv: ReturnType<typeof convSpec>, behind: string) => {
    const wrong = { block: { conv, bn: batchNormSpec(4, { behind }) } };
    return () => foldNorms(wrong, initParams(wrong, createRng(1)));
  };
  expect(pair(convSpec(1, 4, 4), 'conv')).toThrow(
    "foldNorms: expected a convolution without bias at block.conv, before the norm block.bn, got parameters weight, bias. Name it in batchNormSpec's `behind`.",
  );
  expect(pair(convSpec(1, 4, 4), 'other')).toThrow(/at block\.other, before the norm block\.bn, got nothing/);
});

test('only the norm that a spec names is folded: ε is the spec’s', () => {
  const other = { filters: spec.filters, norm: batchNormSpec(5, { behind: 'filters', eps: 1 }) };
  const { filters, norm } = params;
  const folded = foldNorms(other, { filters, norm }).norm as unknown as { readonly folded: tf.Tensor1D };
  const { weight, bias, running_mean: mean, running_var: variance } = norm as BatchNormParams;
  expectClose(folded.folded, tf.sub(bias, tf.mul(mean, tf.mul(weight, tf.rsqrt(tf.add(variance, 1))))), 1e-6);
});
